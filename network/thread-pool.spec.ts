import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, it } from 'vitest'

it.skipIf(process.platform !== 'linux')('leaves threads for others while many names are being resolved', () => {
  const script = `
    await import(${JSON.stringify(path.join(import.meta.dirname, 'thread-pool.ts'))})
    const { pbkdf2 } = await import('node:crypto')
    const { readdirSync } = await import('node:fs')
    for (let count = 0; count < 20; count += 1) pbkdf2('a', 'b', 1e5, 64, 'sha512', () => undefined)
    console.log(readdirSync('/proc/self/task').length)
    process.exit()`
  const environment = { PATH: process.env.PATH ?? '' }
  const threads = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    env: environment,
    encoding: 'utf8',
  })
  expect(Number(threads)).toBeGreaterThan(20)
})
