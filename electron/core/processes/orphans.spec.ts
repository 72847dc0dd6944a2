import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { createPlatform } from '../platform/platform.ts'
import type { ChildRow } from '../store/child-table.ts'
import { openStore, type Store } from '../store/store.ts'
import { migrationsFolder, silentLog } from '../store/store.testing.ts'
import { ChildProcesses } from './child-processes.ts'
import { isAlive, until } from './child-processes.testing.ts'
import { membersOf } from './orphans.ts'

const row: ChildRow = {
  id: 'a',
  run: 'earlier',
  token: 'aa',
  kind: 'kubectl',
  label: 'web',
  command: 'kubectl',
  boot_id: 'boot',
  pid: 10,
  start_time: '100',
  created_at: 1,
}

describe('which processes are an earlier run’s child', () => {
  const holder = { pid: 10, group: 10, startTime: '100', token: 'aa' }

  it('is the one with the same pid, start time and token', () => {
    expect(membersOf(row, [holder], 'boot')).toEqual([holder])
  })
  it('is not one whose pid was used again', () => {
    expect(membersOf(row, [{ ...holder, startTime: '101' }], 'boot')).toEqual([])
  })
  it('is not one with another token', () => {
    expect(membersOf(row, [{ ...holder, token: 'bb' }], 'boot')).toEqual([])
  })
  it('is nothing after the machine was started again', () => {
    expect(membersOf(row, [holder], 'other boot')).toEqual([])
  })
  it('is also what the child started in its group, but not what went its own way', () => {
    const grandchild = { pid: 11, group: 10, startTime: '105', token: 'aa' }
    const browser = { pid: 12, group: 12, startTime: '106', token: 'aa' }
    expect(membersOf(row, [grandchild, browser], 'boot')).toEqual([grandchild])
  })
  it('is the group’s leader when the pid was never written', () => {
    const unwritten = { ...row, pid: null, start_time: null }
    expect(membersOf(unwritten, [holder, { ...holder, pid: 14, group: 13 }], 'boot')).toEqual([holder])
  })
})

describe.runIf(process.platform === 'linux')('after kill -9 of the owner', () => {
  let folder = ''
  let store: Store
  const strangers: ChildProcess[] = []
  const platform = createPlatform()

  const reopen = (): ChildProcesses => {
    const opened = openStore({
      path: join(folder, 'db'),
      migrations: migrationsFolder,
      clock: systemClock,
      log: silentLog,
    })
    if (!opened.ok) throw new Error(opened.error.message)
    store = opened.value
    const limits = () => ({ maxChildren: 10, maxStarting: 4 })
    return new ChildProcesses({ store, clock: systemClock, log: silentLog, runtimeDir: join(folder, 'run'), limits })
  }
  const rows = (): ChildRow[] => store.database.prepare<[], ChildRow>('SELECT * FROM children').all()
  const stranger = (token: string): number => {
    const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore', env: { MOORING_CHILD_TOKEN: token } })
    strangers.push(child)
    return child.pid ?? 0
  }
  const register = (values: Partial<ChildRow>): void => {
    const full = { ...row, boot_id: platform.bootId(), ...values }
    store.database
      .prepare(
        `INSERT INTO children VALUES (@id, @run, @token, @kind, @label, @command, @boot_id, @pid, @start_time, @created_at)`,
      )
      .run(full)
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mooring-orphans-'))
    mkdirSync(join(folder, 'run'))
  })
  afterEach(() => {
    for (const child of strangers.splice(0)) child.kill('SIGKILL')
    store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('children are gone within a second, and the next start stops what they had started', async () => {
    const script = fileURLToPath(new URL('./owner.testing.ts', import.meta.url))
    const owner = spawn(process.execPath, [script, join(folder, 'db'), join(folder, 'run')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string]
    const { pids, grandchild } = JSON.parse(line) as { pids: number[]; grandchild: number }
    expect(pids.filter(isAlive)).toEqual(pids)
    // The loop has begun to sleep.
    await until(() => readFileSync(`/proc/${pids[1]}/task/${pids[1]}/children`, 'latin1') !== '')
    owner.kill('SIGKILL')
    await until(() => !pids.some(isAlive), 5000)

    const children = reopen()
    expect(rows()).toHaveLength(3)
    expect(isAlive(grandchild)).toBe(true)
    expect(await children.stopOrphans()).toBe(2) // it, and the loop's own sleep
    expect(isAlive(grandchild)).toBe(false)
    expect(rows()).toEqual([])
    await children.close()
  })

  it('a child whose pid was never written is found by its token', async () => {
    const children = reopen()
    const pid = stranger('0123')
    register({ token: '0123', pid: null, start_time: null })
    await until(() => readFileSync(`/proc/${pid}/environ`, 'latin1').includes('0123'))
    expect(await children.stopOrphans()).toBe(1)
    expect(isAlive(pid)).toBe(false)
    await children.close()
  })

  it('a process that is not ours is left alone, whatever is recorded', async () => {
    const children = reopen()
    const pid = stranger('ffff')
    await until(() => readFileSync(`/proc/${pid}/environ`, 'latin1').includes('ffff'))
    const startTime = platform.processFacts(pid)?.startTime ?? ''
    register({ id: 'other token', token: 'eeee', pid, start_time: startTime })
    register({ id: 'other start', token: 'ffff', pid, start_time: '1' })
    expect(await children.stopOrphans()).toBe(0)
    expect(isAlive(pid)).toBe(true)
    expect(rows()).toEqual([])
    await children.close()
  })

  it('a secret file that was left is removed, other files stay', async () => {
    const children = reopen()
    writeFileSync(join(folder, 'run', 'child-secret-1'), 'x')
    writeFileSync(join(folder, 'run', 'other'), 'x')
    await children.stopOrphans()
    expect(() => readFileSync(join(folder, 'run', 'child-secret-1'))).toThrow('ENOENT')
    expect(readFileSync(join(folder, 'run', 'other'), 'utf8')).toBe('x')
    await children.close()
  })
})
