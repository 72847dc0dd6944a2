import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { inspectable, openInspector, type Inspector } from '../support/inspector.ts'
import { sharedTestbed, withKubectl } from '../support/main-job.ts'
import { mergeKubeconfigs } from '../support/merged-kubeconfig.ts'
import { waitUntil } from '../support/wait-until.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import { kubeconfig } from '../testbed/kubeconfig-file.ts'
import type { Testbed } from '../testbed/testbed.ts'

const count = 50
/** One for each of ten clusters that are no good. */
const bad = [
  'blackhole',
  'unreachable',
  'refused',
  'no-such-host',
  'proxy-refused',
  'blackhole',
  'unreachable',
] as const
const slow = 3
const good = ['admin', 'token', 'client-certificate-files', 'service-account'] as const
/** What is promised in a second is let pass in five. */
const promisedMs = 1000
const allowedMs = 5 * promisedMs

let bed: Testbed
let folder: string
let options: HostOptions
let host: RunningHost
let inspector: Inspector
let clusters: Cluster[]
/** Lets every connection wait for so long before it goes on to the API server, ms. */
let delay: Server
const sockets = new Set<Socket>()

const isGood = ({ name }: Cluster): boolean => name.startsWith('good')
const timed = async <T>(work: Promise<T>): Promise<{ value: T; ms: number }> => {
  const began = performance.now()
  const value = await work
  return { value, ms: performance.now() - began }
}

function startDelay(ms: number): Promise<Server> {
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => socket.destroy())
  }
  const { ports, addresses } = bed.a.layout
  const server = createServer((client) => {
    keep(client)
    setTimeout(() => {
      const target = keep(connect(ports.api, addresses.main))
      client.pipe(target).pipe(client)
      client.on('close', () => target.destroy())
      target.on('close', () => client.destroy())
    }, ms)
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** A kubeconfig with fifty contexts: forty that work, and ten that are dead, swallow everything, or are slow. */
async function fiftyContexts(): Promise<string> {
  const authority = await readFile(join(bed.a.layout.folder, 'pki', 'ca.crt'), 'utf8')
  const server = `https://127.0.0.1:${(delay.address() as AddressInfo).port}`
  const slowFile = join(folder, 'slow.kubeconfig')
  await writeFile(slowFile, stringify(kubeconfig('slow', { server, authority }, { token: STATIC_TOKEN })))
  const files: Record<string, string | undefined> = {}
  for (const [index, user] of bad.entries()) files[`bad-${index}-${user}`] = bed.a.users[user]
  for (let index = 0; index < slow; index += 1) files[`bad-slow-${index}`] = slowFile
  for (let index = Object.keys(files).length; index < count; index += 1) {
    const { users } = index % 2 === 0 ? bed.a : bed.b
    files[`good-${index}`] = users[good[index % good.length] ?? 'admin']
  }
  return mergeKubeconfigs(files)
}

beforeAll(async () => {
  bed = await sharedTestbed()
  folder = await mkdtemp(join(tmpdir(), 'mooring-many-'))
  delay = await startDelay(3000)
  options = {
    dataDir: join(folder, 'data'),
    vault: 'passphrase',
    passphrase: 'a passphrase for fifty clusters',
    environment: { ...withKubectl(bed), ...inspectable },
  }
  const text = await fiftyContexts()
  await using first = await startHost(options)
  const preview = await expectOk(first.client.kubeconfigs.preview({ text }))
  const embedFiles = [...new Set(preview.contexts.flatMap((one) => one.files.map(({ path }) => path)))]
  const contexts = preview.contexts.map(({ context }) => ({ context, name: context }))
  const added = await expectOk(first.client.clusters.add({ text, contexts, embedFiles }))
  // What nobody can reach is wanted as well.
  for (const { id } of added.filter((cluster) => !isGood(cluster))) {
    const target = { kind: 'service', name: 'web' } as const
    await expectOk(
      first.client.forwards.create({ clusterId: id, namespace: 'default', target, ports: [{ remote: 80 }] }),
    )
  }
})
afterAll(async () => {
  await inspector[Symbol.asyncDispose]()
  await host.close()
  delay.close()
  for (const socket of sockets) socket.destroy()
  await rm(folder, { recursive: true, force: true })
  await bed.close()
})

it('lists fifty clusters at once after a start, whatever ten of them do', async () => {
  host = await startHost(options)
  inspector = await openInspector(host)
  const listed = await timed(host.client.clusters.list())
  clusters = await expectOk(Promise.resolve(listed.value))
  expect(clusters).toHaveLength(count)
  expect(clusters.filter(isGood)).toHaveLength(40)
  expect(listed.ms).toBeLessThan(allowedMs)
})

it('tests a good one in a second while all fifty are opened and the bad ones are tested', async () => {
  const { client } = host
  const opened = clusters.map(({ id }) => client.clusters.namespaces({ id }))
  const testing = clusters.filter((cluster) => !isGood(cluster)).map(({ id }) => client.clusters.test({ id }))
  const tests: number[] = []
  const lists: number[] = []
  let most = { timers: 0, sockets: 0 }
  for (const { id } of clusters.filter(isGood).slice(0, 10)) {
    const tested = await timed(expectOk(client.clusters.test({ id })))
    expect(tested.value.steps.filter(({ status }) => status === 'fail')).toEqual([])
    tests.push(tested.ms)
    lists.push((await timed(expectOk(client.clusters.list()))).ms)
    const now = await resources()
    most = { timers: Math.max(most.timers, now.timers), sockets: Math.max(most.sockets, now.sockets) }
  }
  await Promise.all([...opened, ...testing])
  console.log(`tests ${tests.map(Math.round).join(' ')} ms, lists ${lists.map(Math.round).join(' ')} ms, at most`, most)
  expect(Math.max(...tests)).toBeLessThan(allowedMs)
  expect(Math.max(...lists)).toBeLessThan(allowedMs)
  expect(most.sockets).toBeLessThanOrEqual(3 * count)
  expect(most.timers).toBeLessThanOrEqual(6 * count)
})

it('knows of all forty good ones that they are well, and of the others why they are not', async () => {
  const now = await waitUntil('forty that are well, ten with a cause', 90, async () => {
    const all = await expectOk(host.client.clusters.list())
    const well = all.filter(isGood).filter(({ status }) => status.status === 'connected')
    const dead = all.filter((cluster) => !isGood(cluster) && !cluster.name.includes('slow'))
    const explained = dead.filter(({ status }) => status.cause !== null)
    if (well.length === 40 && explained.length === dead.length) return all
    throw new Error(`${well.length} well, ${explained.length} of ${dead.length} explained`)
  })
  for (const { name, status } of now)
    if (/bad-\d/.test(name)) expect(status.cause?.code, name).toBe('cluster-unreachable')
})

it('keeps few connections and timers once all have been looked at', async () => {
  await waitUntil('a quiet owner', 60, async () => {
    const { timers, sockets: open } = await resources()
    if (open <= count && timers <= 3 * count) return true
    throw new Error(`${open} sockets, ${timers} timers`)
  })
})

/** What the owner's event loop waits for. */
async function resources(): Promise<{ timers: number; sockets: number }> {
  const names = (await inspector.evaluate('process.getActiveResourcesInfo()')) as string[]
  return {
    timers: names.filter((name) => name === 'Timeout').length,
    sockets: names.filter((name) => name.startsWith('TCPSocketWrap') || name === 'TCPConnectWrap').length,
  }
}
