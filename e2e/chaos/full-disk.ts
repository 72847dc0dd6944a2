import type { Client } from '../../contract/client.ts'
import { toldMs } from '../support/bounds.ts'
import { ask } from '../support/chaos-client.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster, liveForward, localAddress } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { smallDisk } from '../testbed/host-faults.ts'
import type { ChaosWorld } from './chaos-part.ts'

type Input = Omit<Parameters<Client['forwards']['create']>[0], 'clusterId'>

/** The disk under the database is full: what is open serves on, changes are refused with a reason, and work again later. */
export async function fillDisk(
  { bed, startHost }: ChaosWorld,
  input: Input,
): Promise<{ words: string; namedMs: number; wellMs: number; violations: string[] }> {
  const violations: string[] = []
  await using disk = await smallDisk(bed.description, 16 << 20)
  await using host = await startHost({ dataDir: disk.folder })
  const { client } = host
  const cluster = await addCluster(client, bed.a.kubeconfig, 'a')
  const forward = await liveForward(client, { ...input, clusterId: cluster.id })
  await disk.fill()
  let refused = ''
  let askedAt = NaN
  let changes = 0
  // Pages that the database holds free already still take a few changes.
  await waitUntil('a change to be refused', 60, async () => {
    askedAt = performance.now()
    const answer = await client.forwards.update({ id: forward.id, notes: 'n'.repeat(4000 + (changes += 1)) })
    if (!answer.ok) refused = answer.error.code
    return !answer.ok
  }).catch(() => violations.push('disk full: no change was refused'))
  if (refused !== 'storage-failed') violations.push(`disk full: a change was refused with ${refused}`)
  /** Ms from `since` until the app says so. */
  const told = async (isOk: boolean, since: number): Promise<number> => {
    await waitUntil(
      `the app to say ${isOk ? 'that all is well' : 'that the disk is in trouble'}`,
      toldMs / 1000,
      async () => {
        const { storage } = await expectOk(client.app.status())
        return storage.ok === isOk && (storage.problem === null) === isOk
      },
    ).catch((error: unknown) => violations.push(`disk full: ${String(error)}`))
    return performance.now() - since
  }
  const refusedMs = performance.now() - askedAt
  if (refusedMs > toldMs) violations.push(`disk full: the refusal took ${Math.round(refusedMs)} ms`)
  const namedMs = await told(false, askedAt)
  const { port } = localAddress(forward)
  for (let time = 0; time < 20; time += 1) {
    const { outcome } = await ask(port, 8080, 5000)
    if (outcome !== 'right') violations.push(`disk full: a client of a live forward got ${outcome}`)
  }
  const { state } = await expectOk(client.forwards.get({ id: forward.id }))
  if (state !== 'live') violations.push(`disk full: the forward is ${state}`)
  await disk.free()
  const freeAt = performance.now()
  await waitUntil(
    'changes are saved again',
    30,
    async () => (await client.forwards.update({ id: forward.id, notes: 'saved' })).ok,
  )
  const savedMs = performance.now() - freeAt
  const wellMs = await told(true, freeAt)
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`
  return {
    words:
      `a change refused with ${refused} after ${seconds(refusedMs)} (${changes} tried), told by the app after ` +
      `${seconds(namedMs)}, the forward served on; saved again ${seconds(savedMs)} after there was room, all well after ${seconds(wellMs)}`,
    namedMs,
    wellMs,
    violations,
  }
}
