import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { streams, type EventMessage, type StreamKind, type StreamName } from '../../contract/events.ts'
import { owner, type Permission, type Principal } from '../../contract/permissions.ts'
import { Log } from '../core/log.ts'
import { EventHub } from '../core/operations/event-hub.ts'
import type { Handlers } from '../core/operations/handlers.ts'
import { createInProcessTransport } from '../core/operations/in-process-transport.ts'
import { Router } from '../core/operations/router.ts'
import { startHttpServer } from './server.ts'

/** Every stream, over every way in, to a caller who has every permission but the one it asks for. */
const token = 'a-token-for-this-spec-only'
const id = '7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001'
const kinds = Object.keys(streams) as StreamKind[]
const nameOf = (kind: StreamKind): StreamName =>
  kind === 'cluster-test' || kind === 'forward-output' ? `${kind}:${id}` : kind
const without = (missing: Permission): Principal => ({
  name: 'guest',
  permissions: new Set([...owner.permissions].filter((permission) => permission !== missing)),
})
const log = new Log([])
const router = new Router({ handlers: {} as Handlers, audit: () => undefined, log })
const secret = 'what only those may see who may'
let folder: string
let hub: EventHub

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-streams-'))
  hub = new EventHub()
  for (const kind of kinds) hub.source(kind, () => secret)
})
afterAll(() => rm(folder, { recursive: true }))

/** What a subscription over a WebSocket brings: messages, or the code with which it is closed. */
async function overSocket(
  principal: Principal,
  stream: string,
  listen: 'loopback' | 'socket',
): Promise<{ messages: EventMessage[]; closed: number | null }> {
  const path = join(folder, 'mooring.sock')
  await using server = Object.assign(
    await startHttpServer({
      listen: listen === 'socket' ? { kind: 'socket', path } : { kind: 'loopback', port: 0, token },
      router,
      hub,
      log,
      version: '0.0.0',
      principal,
      rendererDir: null,
    }),
    { [Symbol.asyncDispose]: () => server.close() },
  )
  const address =
    listen === 'socket' ? `ws+unix://${path}:/api/v1/events` : `${server.url.replace('http', 'ws')}/api/v1/events`
  const client = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } })
  const messages: EventMessage[] = []
  const closed = await new Promise<number | null>((resolve, reject) => {
    client.on('open', () => client.send(JSON.stringify({ subscribe: stream })))
    client.on('message', (data: Buffer) => {
      messages.push(JSON.parse(data.toString('utf8')) as EventMessage)
      resolve(null)
    })
    client.on('close', resolve)
    client.on('error', reject)
  })
  client.terminate()
  return { messages, closed }
}

function inProcess(principal: Principal, stream: StreamName): EventMessage[] {
  const messages: EventMessage[] = []
  const end = createInProcessTransport(router, hub, principal).subscribe(stream, (message) => messages.push(message))
  hub.publish(stream, 'change', secret)
  end()
  return messages
}

describe.each(kinds)('the stream %s', (kind) => {
  const { permission } = streams[kind]
  const stream = nameOf(kind)

  it.each(['loopback', 'socket'] as const)('is told over a WebSocket (%s) only to who may', async (listen) => {
    const refused = await overSocket(without(permission), stream, listen)
    expect(refused).toEqual({ messages: [], closed: 1008 })
    const told = await overSocket({ name: 'guest', permissions: new Set([permission]) }, stream, listen)
    expect(told).toMatchObject({ messages: [{ stream, kind: 'snapshot', data: secret }], closed: null })
  })

  it('is told to the pages of the desktop only if they may', () => {
    expect(inProcess(without(permission), stream)).toEqual([])
    const told = inProcess({ name: 'guest', permissions: new Set([permission]) }, stream)
    expect(told.map(({ kind: what }) => what)).toEqual(['snapshot', 'change'])
  })
})
