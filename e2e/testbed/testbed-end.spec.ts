import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { exists } from './build.ts'
import type { BedDescription } from './description.ts'
import { containerIds, leftovers } from './end-beds.ts'
import { runCommand } from './run-command.ts'
import { attachTestbed } from './testbed.ts'
import { waitUntil } from '../support/wait-until.ts'
import * as workloads from './workloads.ts'

const MAIN = path.join(import.meta.dirname, 'main.ts')
const started: ChildProcess[] = []

afterEach(() => {
  // A failed test must not leave its bed: the bed goes with its starter.
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

async function up(): Promise<{ child: ChildProcess; description: BedDescription; ids: string[] }> {
  const child = spawn(process.execPath, [MAIN, 'up', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] })
  started.push(child)
  let line = ''
  child.stdout.on('data', (data) => (line += String(data)))
  await waitUntil('the line of the bed', 120, () => line.endsWith('\n'))
  const description = JSON.parse(line) as BedDescription
  await using bed = await attachTestbed(description)
  const namespace = await bed.a.createNamespace()
  await bed.a.apply(workloads.deployment({ namespace, name: 'web', replicas: 2 }))
  await bed.a.waitForPods(namespace, 'app=web', 2)
  const ids = await containerIds(description)
  expect(ids.length >= 4).toBe(description.containers)
  // What proves that a bed is gone must see one that is there.
  expect((await leftovers(description, ids)).length).toBeGreaterThan(5)
  return { child, description, ids }
}

describe('the end of a bed', () => {
  test.for(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)('%s to its starter leaves nothing', async (signal) => {
    const { child, description, ids } = await up()
    const ended = once(child, 'exit')
    child.kill(signal)
    const [code] = (await ended) as [number | null]
    expect(code).toBe(signal === 'SIGKILL' ? null : 0)
    await waitUntil('the sweep', 15, async () => !(await exists(description.folder)))
    expect(await leftovers(description, ids)).toEqual([])
  })

  test('down ends it, leaves nothing, and says so with its exit code', async () => {
    const { child, description, ids } = await up()
    const ended = once(child, 'exit')
    const down = await runCommand(process.execPath, [MAIN, 'down', String(description.number)])
    expect(down).toMatchObject({ code: 0, stdout: '' })
    await ended
    expect(await leftovers(description, ids)).toEqual([])
  })
})
