import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KeychainCalls } from './keychain-calls.ts'

/** A call that is answered when told. */
function dialogue(): { call: () => Promise<string>; answer: () => void } {
  let answer: () => void = () => undefined
  const answered = new Promise<string>((resolve) => (answer = () => resolve('late')))
  return { call: () => answered, answer: () => answer() }
}

describe('calls to a keychain', () => {
  it('give their answer, or its failure', async () => {
    const calls = new KeychainCalls(1000)
    expect(await calls.ask(() => Promise.resolve('key'))).toBe('key')
    await expect(calls.ask(() => Promise.reject(new Error('no service')))).rejects.toThrow('no service')
    expect(await calls.ask(() => Promise.resolve('again'))).toBe('again')
  })

  it('are given up after the limit, and no second dialogue is opened while the first one stands', async () => {
    const calls = new KeychainCalls(5)
    const { call, answer } = dialogue()
    await expect(calls.ask(call)).rejects.toThrow('did not answer in time')
    let asked = false
    const second = calls.ask(() => {
      asked = true
      return Promise.resolve()
    })
    await expect(second).rejects.toThrow('still waits for an answer')
    expect(asked).toBe(false)
    answer()
    await call()
    expect(await calls.ask(() => Promise.resolve('key'))).toBe('key')
  })

  it('let the process end without waiting, for as long as one is under way', async () => {
    const left: number[] = []
    const leave = (code: number): void => void left.push(code)
    const calls = new KeychainCalls(5, leave)
    const { call, answer } = dialogue()
    const asking = calls.ask(call).catch(() => undefined)
    expect(process.listeners('exit')).toContain(leave)
    await asking
    expect(process.listeners('exit')).toContain(leave)
    answer()
    await call()
    await new Promise(setImmediate)
    expect(process.listeners('exit')).not.toContain(leave)
  })
})

describe('a process that ends while a keychain holds one of its threads', () => {
  it('is gone at once, with its exit code', () => {
    const program = `
      import { pbkdf2 } from 'node:crypto'
      import { KeychainCalls } from ${JSON.stringify(join(import.meta.dirname, 'keychain-calls.ts'))}
      // Keeps a thread busy for minutes, as a dialogue that nobody answers does.
      const dialogue = () => new Promise((resolve) => pbkdf2('x', 'y', 2e9, 64, 'sha512', resolve))
      new KeychainCalls(60_000).ask(dialogue).catch(() => undefined)
      setTimeout(() => process.exit(3), 50)`
    const began = performance.now()
    const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { timeout: 60_000 })
    if (process.platform === 'win32') expect(ended.status).not.toBe(0)
    else expect(ended).toMatchObject({ status: 3, signal: null })
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})
