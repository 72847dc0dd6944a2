import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = (path: string): string => JSON.stringify(join(import.meta.dirname, path))

/** Runs `body` in a process that handles crashes as the product's entries do; `end` is what it does to end in order. */
function run(
  body: string,
  end = "console.log('ended')",
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = `
    import { handleCrashes } from ${source('crash-handler.ts')}
    import { Log, stderrSink } from ${source('core/log.ts')}
    const log = new Log([stderrSink])
    handleCrashes({ log: () => log, end: async () => { ${end} }, deadlineMs: 300 })
    setInterval(() => {}, 1000)
    ${body}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })))
}

describe('a bug', () => {
  it('is told without its secrets, and the process ends in order with a code of its own', async () => {
    for (const body of [
      "setTimeout(() => { throw new Error('broken, password: hunter2hunter2') })",
      "void Promise.reject(new Error('broken, password: hunter2hunter2'))",
      "throw new Error('broken, password: hunter2hunter2')",
    ]) {
      const { code, stdout, stderr } = await run(body)
      expect(code).toBe(70)
      expect(stdout).toBe('ended\n')
      expect(stderr).toMatch(/error app: a bug in Mooring: Error: broken, password: •••/)
      expect(stderr).not.toContain('hunter2')
    }
  })

  it('ends it once, also when ending meets another bug or never finishes', async () => {
    const thrown = "setTimeout(() => { throw new Error('first') })"
    const failed = await run(thrown, "throw new Error('second')")
    expect(failed).toMatchObject({ code: 70, stdout: '' })
    expect(failed.stderr).toMatch(/first[\s\S]*ending failed: Error: second/)
    const more = await run(
      thrown,
      "console.log('ended'); setTimeout(() => { throw new Error('third') }); await new Promise(() => {})",
    )
    expect(more).toMatchObject({ code: 70, stdout: 'ended\n' })
    expect(more.stderr).toMatch(/first[\s\S]*third/)
  })

  it('is not what a reader is that went away', async () => {
    const closed =
      "process.stderr.destroy(); process.stdout.emit('error', new Error('EPIPE')); setTimeout(() => process.exit(0), 50)"
    expect((await run(closed)).code).toBe(0)
  })
})
