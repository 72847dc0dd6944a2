import type http from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { ClusterConnection } from '../contract/sidecar.ts'
import { plainConnection, sendJson, startServer, type TestServer } from '../network/api-server.testing.ts'
import { makeIdentity } from '../network/certificates.testing.ts'
import { eventually } from '../network/eventually.testing.ts'
import { ClusterRegistry } from './cluster-registry.ts'
import { ResourceWatch } from './resource-watch.ts'

type Thing = { metadata?: { name?: string; resourceVersion?: string }; value?: number }

/** A server of one list, whose watches the spec writes to. */
class ListServer {
  things: Thing[] = []
  version = 100
  lists = 0
  watches: { response: http.ServerResponse; version: string | null }[] = []
  /** Answers the next watch in place of a stream. */
  refuseWatch: ((response: http.ServerResponse) => void) | null = null
  refuseList: ((response: http.ServerResponse) => void) | null = null
  pageSize = Infinity

  readonly answer: http.RequestListener = (request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams
    if (query.get('watch') === 'true') {
      const refuse = this.refuseWatch
      this.refuseWatch = null
      if (refuse !== null) {
        refuse(response)
        return
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.flushHeaders()
      this.watches.push({ response, version: query.get('resourceVersion') })
      return
    }
    this.lists += 1
    const refuse = this.refuseList
    this.refuseList = null
    if (refuse !== null) {
      refuse(response)
      return
    }
    const from = Number(query.get('continue') ?? 0)
    const items = this.things.slice(from, from + this.pageSize)
    const more = from + items.length < this.things.length ? { continue: String(from + items.length) } : {}
    sendJson(response, { metadata: { resourceVersion: String(this.version), ...more }, items })
  }

  tell(type: string, object: object): void {
    this.watches.at(-1)?.response.write(`${JSON.stringify({ type, object })}\n`)
  }
}

const thing = (name: string, value = 0, version = '101'): Thing => ({
  metadata: { name, resourceVersion: version },
  value,
})
const status = (code: number, reason: string): object => ({ kind: 'Status', code, reason, message: reason })

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const identity = makeIdentity({ commonName: 'api', names: ['127.0.0.1'] })
const connectionTo = (server: TestServer, more: Partial<ClusterConnection> = {}): ClusterConnection =>
  plainConnection(`https://127.0.0.1:${server.port}`, { insecureSkipTlsVerify: true, ...more })

async function follow(
  list: ListServer,
  more: { silenceMs?: number; answerMs?: number } = {},
): Promise<{
  watch: ResourceWatch<Thing, string>
  registry: ClusterRegistry
  server: TestServer
  items: () => readonly string[]
}> {
  const server = await startServer(list.answer, identity)
  const registry = new ClusterRegistry()
  registry.set('c', connectionTo(server))
  const watch = new ResourceWatch<Thing, string>({
    registry,
    clusterId: 'c',
    path: '/things',
    query: { labelSelector: 'a=b' },
    keep: ({ metadata, value }) => `${metadata?.name ?? ''}=${value ?? 0}`,
    changed: () => undefined,
    random: () => 0,
    ...more,
  })
  ends.push(
    () => server[Symbol.asyncDispose](),
    () => registry.close(),
    () => watch.close(),
  )
  return { watch, registry, server, items: () => watch.state.items }
}

describe('a watched list', () => {
  it('starts with what is there, page by page, and goes on from there', async () => {
    const list = new ListServer()
    list.things = [thing('a'), thing('b'), thing('c')]
    list.pageSize = 2
    const { items, server } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    expect(items()).toEqual(['a=0', 'b=0', 'c=0'])
    expect(list.lists).toBe(2)
    expect(list.watches[0]?.version).toBe('100')
    expect(server.requests.every(({ path }) => path.includes('labelSelector=a%3Db'))).toBe(true)
    expect(server.requests.at(-1)?.path).toMatch(/allowWatchBookmarks=true.*timeoutSeconds=300/)
  })

  it('follows every change', async () => {
    const list = new ListServer()
    list.things = [thing('a')]
    const { items } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    list.tell('ADDED', thing('b', 1))
    list.tell('MODIFIED', thing('a', 2))
    await eventually(() => expect(items()).toEqual(['a=2', 'b=1']))
    list.tell('DELETED', thing('a', 2))
    await eventually(() => expect(items()).toEqual(['b=1']))
  })

  it('goes on from the last bookmark when the server ends the watch', async () => {
    const list = new ListServer()
    await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    list.tell('BOOKMARK', { metadata: { resourceVersion: '777' } })
    list.watches[0]?.response.end()
    await eventually(() => expect(list.watches).toHaveLength(2))
    expect(list.watches[1]?.version).toBe('777')
    expect(list.lists).toBe(1)
  })

  it.each([
    ['in an event', (list: ListServer) => list.tell('ERROR', status(410, 'Expired'))],
    [
      'as an answer',
      (list: ListServer) => {
        list.refuseWatch = (response) => sendJson(response, status(410, 'Expired'), 410)
        list.watches[0]?.response.end()
      },
    ],
  ])('lists again when its version is too old (%s)', async (_words, expire) => {
    const list = new ListServer()
    list.things = [thing('a'), thing('b')]
    const { items } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    list.things = [thing('b', 5)]
    list.version = 900
    expire(list)
    await eventually(() => expect(items()).toEqual(['b=5']))
    await eventually(() => expect(list.watches.at(-1)?.version).toBe('900'))
  })

  it('lists again when the stream was silent for too long', async () => {
    const list = new ListServer()
    await follow(list, { silenceMs: 60 })
    await eventually(() => expect(list.lists).toBeGreaterThan(1))
  })

  it('keeps what it saw and says why while the server is away', async () => {
    const list = new ListServer()
    list.things = [thing('a')]
    const { watch, items, server } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    await server[Symbol.asyncDispose]()
    await eventually(() => expect(watch.state.failure?.detail).toBe('refused'))
    expect(items()).toEqual(['a=0'])
  })

  it('is whole again as soon as the watch is back, also before anything happens', async () => {
    const list = new ListServer()
    const { watch } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    list.refuseWatch = (response) => sendJson(response, status(503, 'ServiceUnavailable'), 503)
    list.watches[0]?.response.end()
    await eventually(() => expect(watch.state.failure?.class).toBe('unavailable'))
    await eventually(() => expect(watch.state.failure).toBeNull())
  })

  it('carries the refusal of a list, and nothing else', async () => {
    const list = new ListServer()
    const message =
      'things is forbidden: User "jane" cannot list resource "things" in API group "" in the namespace "shop"'
    list.refuseList = (response) => sendJson(response, { ...status(403, 'Forbidden'), message }, 403)
    const { watch } = await follow(list)
    await eventually(() => expect(watch.state.failure?.rbac?.user).toBe('jane'))
    expect(watch.state).toMatchObject({ synced: false, items: [] })
  })

  it('starts again at once with new credentials, from where it stood', async () => {
    const list = new ListServer()
    const { registry, server } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    registry.set('c', connectionTo(server, { token: 'newer' }))
    await eventually(() => expect(list.watches).toHaveLength(2))
    expect(server.requests.at(-1)?.rawHeaders).toContain('Bearer newer')
    expect(list.lists).toBe(1)
  })

  it('starts again on a new connection when the network changed, also while it waits', async () => {
    const list = new ListServer()
    const { registry, server, watch } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    const before = server.connections()
    registry.refresh()
    await eventually(() => expect(list.watches).toHaveLength(2))
    expect(server.connections()).toBeGreaterThan(before)
    list.refuseWatch = (response) => sendJson(response, status(401, 'Unauthorized'), 401)
    list.watches[1]?.response.end()
    await eventually(() => expect(watch.state.failure?.class).toBe('unauthorized'))
    registry.refresh()
    await eventually(() => expect(watch.state.failure).toBeNull())
  })

  it('survives objects and answers of another shape', async () => {
    const list = new ListServer()
    const { watch, items } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    list.watches[0]?.response.write('{"type":"ADDED","object":{"metadata":{"name":7,"resourceVersion":{}}}}\n')
    list.watches[0]?.response.write('this is no JSON\n')
    await eventually(() => expect(list.watches.length).toBeGreaterThan(1))
    list.tell('ADDED', thing('a'))
    await eventually(() => expect(items()).toContain('a=0'))
    expect(watch.state.failure).toBeNull()
  })

  it('reads characters that arrive in two pieces', async () => {
    const list = new ListServer()
    const { items } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    const bytes = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: thing('zoë') })}\n`)
    const middle = bytes.indexOf(0xc3) + 1
    list.watches[0]?.response.write(bytes.subarray(0, middle))
    await new Promise((resolve) => setImmediate(resolve))
    list.watches[0]?.response.write(bytes.subarray(middle))
    await eventually(() => expect(items()).toEqual(['zoë=0']))
  })

  it('asks no more once it is closed', async () => {
    const list = new ListServer()
    const { watch, server } = await follow(list)
    await eventually(() => expect(list.watches).toHaveLength(1))
    const closed = new Promise((resolve) => list.watches[0]?.response.on('close', resolve))
    watch.close()
    await closed
    expect(server.requests).toHaveLength(2)
  })
})
