import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AppStatus } from '../../../contract/system.ts'
import type { OwnedChild } from './child-processes.ts'
import { isAlive, shell, testChildren, until } from './child-processes.testing.ts'

const linux = process.platform === 'linux'

describe.runIf(process.platform !== 'win32')('child processes', () => {
  let bed: ReturnType<typeof testChildren>
  let limits = { maxChildren: 128, maxStarting: 4 }

  beforeEach(() => {
    limits = { maxChildren: 128, maxStarting: 4 }
    bed = testChildren({ limits: () => limits })
  })
  afterEach(() => bed.close())

  const rows = (): { pid: number | null; token: string; start_time: string | null }[] =>
    bed.store.database.prepare<[], never>('SELECT * FROM children').all()
  const start = async (...given: Parameters<typeof shell>): Promise<OwnedChild> => {
    const result = await bed.children.start(shell(...given))
    if (!result.ok) throw new Error(result.error.message)
    return result.value
  }

  it('hands over lines, exit code and the last lines', async () => {
    const lines: string[] = []
    const child = await start('echo out; echo err >&2; printf "no line break"; exit 3', {
      onLine: (stream, text) => lines.push(`${stream}: ${text}`),
    })
    const exit = await child.exited
    expect(exit).toMatchObject({ code: 3, signal: null, timedOut: false })
    expect(lines.toSorted()).toEqual(['stderr: err', 'stdout: no line break', 'stdout: out'])
    expect(exit.lastLines).toHaveLength(3)
  })

  it('keeps only the last 50 lines', async () => {
    const child = await start('i=0; while [ $i -lt 200 ]; do echo $i; i=$((i+1)); done')
    expect((await child.exited).lastLines).toEqual(Array.from({ length: 50 }, (_, index) => String(150 + index)))
  })

  it('masks what looks like a secret before anybody sees the line', async () => {
    const child = await start('echo "Authorization: Bearer abcdefgh12345678"')
    expect((await child.exited).lastLines.join()).not.toContain('abcdefgh')
  })

  it('passes a secret that can be read twice, has no name on Linux and is cleared in memory', async () => {
    const secret = Buffer.from('the secret\n')
    let named: string[] = []
    const child = await start('', {
      secret,
      collect: true,
      args: (path) => {
        named = readdirSync(bed.runtimeDir)
        return ['-c', `cat ${path ?? ''} ${path ?? ''}`]
      },
    })
    const exit = await child.exited
    expect(exit.stdout?.toString()).toBe('the secret\nthe secret\n')
    expect(secret.every((byte) => byte === 0)).toBe(true)
    expect(named).toHaveLength(linux ? 0 : 1)
    expect(readdirSync(bed.runtimeDir)).toEqual([])
  })

  it('gives kubectl a limited environment with its language and kuberc fixed', async () => {
    process.env.MOORING_TEST_CANARY = 'canary'
    const child = await start('env', { environment: { EXTRA: 'given' } })
    delete process.env.MOORING_TEST_CANARY
    const { lastLines } = await child.exited
    expect(lastLines).toEqual(expect.arrayContaining(['LC_ALL=C', 'KUBERC=off', 'EXTRA=given']))
    expect(lastLines.join('\n')).not.toMatch(/canary|VITEST|NODE_/)
  })

  it('starts nothing when its secret cannot be written, and clears it all the same', async () => {
    rmSync(bed.runtimeDir, { recursive: true })
    const secret = Buffer.from('the secret')
    const result = await bed.children.start(shell('true', { secret }))
    expect(result).toMatchObject({ ok: false, error: { code: 'storage-failed' } })
    expect(secret.every((byte) => byte === 0)).toBe(true)
    expect(rows()).toEqual([])
    expect(bed.children.counts()).toMatchObject({ running: 0, starting: 0, queued: 0 })
  })

  it('says so when the system cannot start it', async () => {
    const result = await bed.children.start(shell('true', { environment: { TOO_LONG: 'x'.repeat(3_000_000) } }))
    expect(result).toMatchObject({ ok: false, error: { code: 'kubectl-unusable' } })
    expect(rows()).toEqual([])
  })

  it('closes stdin', async () => {
    const child = await start('read line || echo nothing')
    expect((await child.exited).lastLines).toEqual(['nothing'])
  })

  it('registers a child with its token before it runs, and forgets it when it is gone', async () => {
    const child = await start('env; sleep 300')
    await until(() => rows()[0]?.start_time != null)
    const row = rows()[0]!
    expect(row.pid).toBe(child.pid)
    if (linux) {
      // Empty for a moment while it becomes another program.
      await until(() => readFileSync(`/proc/${child.pid}/environ`, 'latin1') !== '')
      expect(readFileSync(`/proc/${child.pid}/environ`, 'latin1')).toContain(`MOORING_CHILD_TOKEN=${row.token}`)
    }
    const exit = await child.stop()
    expect(exit.signal).toBe('SIGTERM')
    expect(rows()).toEqual([])
  })

  it('starts nothing when it cannot be registered', async () => {
    bed.store.database.pragma('query_only = ON')
    const result = await bed.children.start(shell('sleep 300'))
    bed.store.database.pragma('query_only = OFF')
    expect(result).toMatchObject({ ok: false, error: { code: 'storage-failed' } })
    expect(bed.children.counts()).toMatchObject({ running: 0, starting: 0 })
  })

  it('names a program that is missing', async () => {
    const result = await bed.children.start(shell('', { command: 'no-such-program' }))
    expect(result).toMatchObject({ ok: false, error: { code: 'kubectl-missing' } })
    expect(rows()).toEqual([])
  })

  it('finds a name in the PATH of the user, whatever PATH the child is given', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-path-'))
    writeFileSync(join(folder, 'sh'), '#!/bin/sh\necho another', { mode: 0o755 })
    const child = await start('echo mine', { command: 'sh', environment: { PATH: folder } })
    expect((await child.exited).lastLines).toEqual(['mine'])
    rmSync(folder, { recursive: true })
  })

  it('stops a child with everything it started', async () => {
    let grandchild = 0
    const child = await start('sleep 300 & echo $!; wait', { onLine: (_, line) => (grandchild = Number(line)) })
    await until(() => grandchild > 0)
    await child.stop()
    await until(() => !isAlive(grandchild) && !isAlive(child.pid))
  })

  it('ends a child that does not listen, after the grace', async () => {
    let ready = false
    const child = await start('trap "" TERM; echo ready; while :; do sleep 0.1; done', {
      onLine: () => (ready = true),
    })
    await until(() => ready)
    const begin = performance.now()
    const exit = await child.stop()
    expect(exit.signal).toBe('SIGKILL')
    expect(performance.now() - begin).toBeGreaterThan(4900)
  })

  it('does not wait for a grandchild that keeps the output open', async () => {
    const child = await start('sleep 8 & exit 0')
    const begin = performance.now()
    await child.exited
    expect(performance.now() - begin).toBeLessThan(5000)
  })

  it('stops a child at its time limit and at a signal', async () => {
    const slow = await start('sleep 300', { timeoutMs: 100 })
    expect(await slow.exited).toMatchObject({ timedOut: true, signal: 'SIGTERM' })
    const controller = new AbortController()
    const unwanted = await start('sleep 300', { signal: controller.signal })
    controller.abort()
    expect(await unwanted.exited).toMatchObject({ timedOut: false, signal: 'SIGTERM' })
  })

  it('stops a child that writes more than may be collected', async () => {
    const child = await start('yes', { collect: true, maxOutputBytes: 10_000 })
    const exit = await child.exited
    expect(exit.outputTooLarge).toBe(true)
    expect(exit.stdout?.length).toBeLessThanOrEqual(10_000)
  })

  it('lets only so many start at once and counts a start until it works', async () => {
    limits = { maxChildren: 10, maxStarting: 2 }
    const seen: AppStatus['children'][] = []
    bed.children.onCounts((counts) => seen.push(counts))
    const first = [start('sleep 300'), start('sleep 300'), start('sleep 300')]
    const two = await Promise.all(first.slice(0, 2))
    expect(bed.children.counts()).toEqual({ running: 0, starting: 2, queued: 1, limit: 10 })
    two[0]!.started()
    await first[2]
    await until(() => bed.children.counts().running === 1)
    expect(bed.children.counts()).toEqual({ running: 1, starting: 2, queued: 0, limit: 10 })
    expect(Math.max(...seen.map((counts) => counts.starting))).toBe(2)
  })

  it('refuses more than the limit, and takes the raised limit at once', async () => {
    limits = { maxChildren: 1, maxStarting: 1 }
    await start('sleep 300')
    expect(await bed.children.start(shell('sleep 300'))).toMatchObject({ ok: false, error: { code: 'limit-reached' } })
    limits = { maxChildren: 2, maxStarting: 2 }
    expect(await bed.children.start(shell('sleep 300'))).toMatchObject({ ok: true })
  })

  it('gives up a start that waits when it is cancelled', async () => {
    limits = { maxChildren: 10, maxStarting: 1 }
    const first = await start('sleep 300')
    const controller = new AbortController()
    const waiting = bed.children.start(shell('sleep 300', { signal: controller.signal }))
    await until(() => bed.children.counts().queued === 1)
    controller.abort()
    expect(await waiting).toMatchObject({ ok: false, error: { code: 'cancelled' } })
    first.started()
    await until(() => bed.children.counts().running === 1)
    expect(bed.children.counts()).toMatchObject({ starting: 0, queued: 0 })
  })

  it('stops everything at the same time when it closes, and starts nothing more', async () => {
    const running = await Promise.all(Array.from({ length: 6 }, () => start('sleep 300', { queue: 'none' })))
    await bed.children.close()
    expect(running.filter((child) => isAlive(child.pid))).toEqual([])
    expect(rows()).toEqual([])
    expect(await bed.children.start(shell('true'))).toMatchObject({ ok: false, error: { code: 'cancelled' } })
  })
})
