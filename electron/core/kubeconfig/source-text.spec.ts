import { describe, expect, it } from 'vitest'
import { maxKubeconfigBytes } from '../../../contract/kubeconfigs.ts'
import { readSourceText } from './source-text.ts'

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

describe('the text of a kubeconfig', () => {
  it.each([
    ['UTF-8', Buffer.from('kind: Config ü')],
    ['UTF-8 with a byte order mark', Buffer.from('\uFEFFkind: Config ü')],
    ['UTF-16 little endian', Buffer.from('kind: Config ü', 'utf16le')],
    ['UTF-16 little endian with a byte order mark', Buffer.from('\uFEFFkind: Config ü', 'utf16le')],
    ['UTF-16 big endian', utf16be('kind: Config ü')],
    ['UTF-16 big endian with a byte order mark', utf16be('\uFEFFkind: Config ü')],
  ])('is read from %s', (_name, bytes) => {
    expect(readSourceText({ bytes })).toBe('kind: Config ü')
  })

  it('may be 4 MiB and no more, counted in bytes', () => {
    expect(readSourceText({ text: 'a'.repeat(maxKubeconfigBytes) })).not.toBeNull()
    expect(readSourceText({ text: 'a'.repeat(maxKubeconfigBytes + 1) })).toBeNull()
    expect(readSourceText({ text: 'ü'.repeat(maxKubeconfigBytes / 2 + 1) })).toBeNull()
    expect(readSourceText({ bytes: Buffer.alloc(maxKubeconfigBytes * 2 + 1) })).toBeNull()
  })
})
