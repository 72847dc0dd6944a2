import { expect, it } from 'vitest'
import { parseStreamName, streams, type EventMessage, type StreamKind, type StreamName } from '../../contract/events.ts'
import { Id } from '../../contract/common.ts'
import { z } from '../../contract/zod.ts'
import { expectOk } from '../support/expect-ok.ts'
import { useForwardWorld } from '../support/forward-world.ts'
import { liveForward, waitForState } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { deployment, httpContainer } from '../testbed/workloads.ts'

const world = useForwardWorld('events', async ({ bed, namespace }) => {
  await bed.a.apply(deployment({ namespace, name: 'web', container: httpContainer() }))
  await bed.a.waitForPods(namespace, 'app=web', 1)
})

/** What a message of a stream may hold, by the contract. */
function schemaOf(kind: StreamKind, message: EventMessage): z.ZodType {
  const { item, list } = streams[kind]
  if (message.kind === 'gone') return z.object({ id: Id })
  return list && message.kind === 'snapshot' ? z.array(item) : item
}

it('what is pushed holds what the contract names, and nothing else', async () => {
  const { client } = world.host
  const target = { kind: 'deployment', name: 'web' } as const
  const forward = await liveForward(client, {
    clusterId: world.cluster.id,
    namespace: world.namespace,
    target,
    ports: [{ remote: 8080 }],
  })
  const met: EventMessage[] = []
  const names: StreamName[] = [
    ...(['clusters', 'forwards', 'vault', 'settings', 'app'] as const),
    `cluster-test:${world.cluster.id}`,
    `forward-output:${forward.id}`,
  ]
  const ends = names.map((name) => client.subscribe(name, (message) => met.push(message)))
  const kinds = new Set(names.map((name) => parseStreamName(name)?.kind))
  expect(kinds).toEqual(new Set(Object.keys(streams)))
  const has = (kind: StreamKind, what: EventMessage['kind']): boolean =>
    met.some(({ stream, kind: told }) => parseStreamName(stream)?.kind === kind && told === what)

  await waitUntil('every snapshot', 20, () => names.every((name) => met.some(({ stream }) => stream === name)))
  await expectOk(client.clusters.test({ id: world.cluster.id }))
  await expectOk(client.settings.update({ probeSeconds: 7 }))
  await expectOk(client.forwards.update({ id: forward.id, notes: 'a note' }))
  await expectOk(client.forwards.restart({ id: forward.id }))
  await waitUntil('a line of kubectl', 20, () => has('forward-output', 'change'))
  await waitForState(client, forward.id, 'live')
  await expectOk(client.vault.lock())
  await expectOk(client.clusters.remove({ id: world.cluster.id, removeForwards: 'true' }))
  await waitUntil('a change of every kind', 20, () => {
    const missing = (Object.keys(streams) as StreamKind[]).filter((kind) => !has(kind, 'change'))
    if (missing.length > 0) throw new Error(`no change of ${missing.join(', ')}`)
    return true
  })
  await waitUntil('what is gone', 20, () => has('clusters', 'gone') && has('forwards', 'gone'))
  for (const end of ends) end()

  for (const message of met) {
    const kind = parseStreamName(message.stream)?.kind ?? 'app'
    const parsed = schemaOf(kind, message).safeParse(message.data)
    expect(parsed.error, `${message.stream} ${message.kind}`).toBeUndefined()
    // What a schema does not name is left out of what it answers.
    expect(parsed.data, `${message.stream} ${message.kind}`).toEqual(message.data)
  }
})
