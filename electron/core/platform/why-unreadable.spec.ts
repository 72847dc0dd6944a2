import { expect, it } from 'vitest'
import { whyUnreadable } from './why-unreadable.ts'

it.each([
  ['ENOENT', 'There is no such file.'],
  ['EACCES', 'You may not read it.'],
  ['EPERM', 'You may not read it.'],
  ['EISDIR', 'It is a folder.'],
  ['EIO', 'The system says EIO.'],
  [undefined, 'The system gives no reason.'],
])('%s: %s', (code, words) => expect(whyUnreadable(Object.assign(new Error('x'), { code }))).toBe(words))
