import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ok } from '../../../contract/errors.ts'
import { FakeClock } from '../clock.testing.ts'
import { isAlive, testChildren, until } from '../processes/child-processes.testing.ts'
import { silentLog } from '../store/store.testing.ts'
import { temporaryFolder } from '../temporary-folder.testing.ts'
import { Credentials } from './credentials.ts'
import { testEntry, testExec } from './credentials.testing.ts'

describe('a credential command that does not end', () => {
  it.for([
    { how: 'listens', script: 'sleep 600 & echo $! > "$0.pid"; wait' },
    { how: 'ignores what it is asked', script: 'trap "" TERM; sleep 600 & echo $! > "$0.pid"; wait; wait' },
  ])('is ended after a minute with all it started, when it $how', async ({ script }, context) => {
    if (process.platform !== 'linux') context.skip('needs /proc')
    const clock = new FakeClock()
    const bed = testChildren({ clock, environment: () => Promise.resolve({ PATH: process.env.PATH ?? '' }) })
    onTestFinished(() => bed.close())
    const mark = join(temporaryFolder(), 'mark')
    const exec = testExec({ command: '/bin/sh', args: ['-c', script, mark] })
    const credentials = new Credentials({
      entryOf: () => ok(testEntry({ exec })),
      allowed: { isAllowed: () => true },
      children: bed.children,
      shellEnvironment: { read: () => Promise.resolve({}) },
      storeRefreshed: () => ok(undefined),
      clock,
      log: silentLog,
    })
    let answered = false
    const resolved = credentials.resolve('one').finally(() => (answered = true))
    await until(() => existsSync(`${mark}.pid`) && readFileSync(`${mark}.pid`, 'utf8').endsWith('\n'))
    const pid = Number(readFileSync(`${mark}.pid`, 'utf8'))

    clock.advance(59_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answered).toBe(false)
    expect(isAlive(pid)).toBe(true)
    clock.advance(1000)
    // What does not listen is ended 5 s later.
    clock.advance(5000)
    expect(await resolved).toMatchObject({
      ok: false,
      error: { code: 'credentials-command-failed', detail: 'timeout', message: 'sh did not end within a minute.' },
    })
    await until(() => !isAlive(pid))
  })
})
