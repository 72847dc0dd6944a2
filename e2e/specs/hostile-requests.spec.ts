import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import { AppError } from '../../contract/errors.ts'
import type { KubeconfigPreview } from '../../contract/kubeconfigs.ts'
import { fuzzParameters, fuzzTimeLimitMs, keepFuzzFacts, noHangMs } from '../../electron/core/fuzz.testing.ts'
import {
  everyKindText,
  plantedSecrets,
  writtenByHostiles,
} from '../../electron/core/kubeconfig/hostile-kubeconfigs.testing.ts'
import { canariesBelow } from '../support/canaries.ts'
import { expectOk } from '../support/expect-ok.ts'
import { hostileRequests, testableKubeconfigs, type HostileRequest } from '../support/hostile-requests.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { startOtherCaller, type Waits } from '../support/other-caller.ts'
import { watchProcesses, type SeenProcess } from '../support/process-watch.ts'
import { recordedSpawns, recordSpawns } from '../support/spawn-record.ts'

let folder: string
let host: RunningHost
const agent = new Agent({ keepAlive: true })
/** Where the host notes what it starts: beside the folders that must stay empty. */
const spawns = (): string => join(folder, 'spawns')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mooring-hostile-'))
  for (const name of ['home', 'tmp', 'bin']) await mkdir(join(folder, name), { mode: 0o700 })
  host = await startHost({
    dataDir: join(folder, 'data'),
    // No program may be needed, and none may be found.
    environment: {
      PATH: join(folder, 'bin'),
      HOME: join(folder, 'home'),
      TMPDIR: join(folder, 'tmp'),
      SHELL: '/bin/false',
      ...recordSpawns(spawns()),
    },
  })
})
afterAll(async () => {
  agent.destroy()
  await host.close()
  for (const path of [folder, writtenByHostiles]) await rm(path, { recursive: true, force: true })
})

type Answer = { status: number; text: string; ms: number }
type Request = Omit<HostileRequest, 'operation'>

function send({ method, path, headers, body }: Request): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const start = performance.now()
  const call = request(
    host.url + path.replaceAll(/[^\x21-\x7e]/g, encodeURIComponent),
    {
      method,
      agent,
      headers: {
        ...headers,
        authorization: `Bearer ${host.token}`,
        // Node leaves it out for a GET with a body, and its end would then be another request.
        ...(body === null ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          ms: performance.now() - start,
        }),
      )
    },
  )
  call.on('error', reject)
  call.end(body ?? undefined)
  return promise
}

/** Something for the requests to be about: a cluster that refuses connections, and a forward to it. */
async function makeThings(): Promise<{ clusters: string; forwards: string }> {
  const server = 'https://127.0.0.1:9'
  const [cluster] = await expectOk(
    host.client.clusters.add({
      text: everyKindText.replaceAll(/https?:\/\/[^\s@]*@?10\.0\.0\.\d:\d+/g, server),
      contexts: [{ context: 'token', name: 'things' }],
    }),
  )
  if (cluster === undefined) throw new Error('nothing was added')
  const forward = await expectOk(
    host.client.forwards.create({
      clusterId: cluster.id,
      namespace: 'default',
      target: { kind: 'service', name: 'web' },
      ports: [{ remote: 80 }],
      desired: 'off',
    }),
  )
  return { clusters: cluster.id, forwards: forward.id }
}

/** What every answer must be, whatever was asked. */
function expectWords({ status, text, ms }: Answer, isHead: boolean): void {
  expect(ms).toBeLessThan(noHangMs)
  expect(text).not.toMatch(/\bat .*\.(m?js|ts):\d+/)
  for (const secret of Object.values(plantedSecrets)) expect(text).not.toContain(secret)
  if (status < 400 || isHead) return
  const { error } = JSON.parse(text) as { error: unknown }
  expect(AppError.safeParse(error).error).toBeUndefined()
  const { code, message, next } = error as AppError
  expect(code).not.toBe('internal')
  expect([message, next].every((words) => words.trim() !== '')).toBe(true)
}

/** Runs it while somebody else asks, who never waits long; what was started meanwhile, and how long they waited. */
async function besideAnother(run: () => Promise<void>): Promise<{ started: SeenProcess[]; others: Waits }> {
  const watch = watchProcesses(host.pid)
  await using other = startOtherCaller(host)
  await run()
  const { asked, p99, worst } = await other.stop()
  expect(p99).toBeLessThan(1000)
  expect(worst).toBeLessThan(noHangMs)
  return { started: await watch.stop(), others: { asked, p99: Math.round(p99), worst: Math.round(worst) } }
}

/** What it started, where it could have written, and what it says of itself. */
async function expectNothingDone(seen: readonly SeenProcess[]): Promise<void> {
  const started = [...seen, ...(await recordedSpawns(spawns()))]
  expect(started.some(({ command }) => command.includes('sidecar.mjs'))).toBe(true)
  expect((await fetch(`${host.url}/healthz`)).status).toBe(200)
  // Its own sidecar, once the user's shell for its environment, kubectl asked what it is, and kubectl for the one forward,
  // which a request may have turned on; nothing else that a request named.
  const forwarding = String.raw`port-forward [a-z]+/[a-z0-9.-]+ :[a-z0-9-]+ --namespace [a-z0-9-]+ --address 127\.0\.0\.1`
  const usual = new RegExp(
    String.raw`sidecar\.mjs|/bin/false|/kubectl (version --client -o json|${forwarding} --kubeconfig /proc/self/fd/3)$`,
  )
  const strangers = started.filter(({ command }) => !usual.test(command))
  expect(strangers.map(({ command }) => command)).toEqual([])
  expect(existsSync(writtenByHostiles), 'a hostile text was run').toBe(false)
  for (const name of ['home', 'tmp', 'bin']) expect(await readdir(join(folder, name))).toEqual([])
  expect(await canariesBelow(join(folder, 'data'), plantedSecrets)).toEqual([])
  expect(host.log()).not.toContain('failed with a bug')
}

/** Counts answers by status, and keeps the slowest of all and of each kind that took over a second, in ms. */
function tally() {
  const statuses: Record<number, number> = {}
  const overOneSecond: Record<string, number> = {}
  let worstMs = 0
  return {
    count: (what: string, { status, ms }: Answer): void => {
      statuses[status] = (statuses[status] ?? 0) + 1
      worstMs = Math.max(worstMs, ms)
      if (ms > 1000) overOneSecond[what] = Math.max(overOneSecond[what] ?? 0, Math.round(ms))
    },
    facts: () => ({ worstMs, overOneSecond, statuses }),
  }
}

// First: hostile requests may lock the vault, and then nothing is added.
it(
  'previews, adds and tests mutated kubeconfigs with the same words: nothing run, nothing written elsewhere',
  async () => {
    const parameters = fuzzParameters(100)
    const answers = tally()
    const counts = { previewed: 0, added: 0, refused: 0 }
    const ask = async (method: string, path: string, input?: object): Promise<unknown> => {
      const body = input === undefined ? null : JSON.stringify(input)
      const headers: Record<string, string> = body === null ? {} : { 'content-type': 'application/json' }
      const answer = await send({ method, path: `/api/v1${path}`, headers, body })
      answers.count(`${method} ${path.replace(/[0-9a-f-]{36}/, 'ID')}`, answer)
      expectWords(answer, false)
      return answer.status === 200 ? JSON.parse(answer.text) : null
    }
    const property = fc.asyncProperty(testableKubeconfigs, fc.nat(20), async (bytes, which) => {
      const base64 = bytes.toString('base64')
      const preview = (await ask('POST', '/kubeconfigs/preview', { base64 })) as KubeconfigPreview | null
      if (preview !== null) counts.previewed += 1
      const context = preview?.contexts[which % Math.max(1, preview.contexts.length)]?.context
      const contexts = [{ context: context ?? 'token', name: `cluster ${counts.added}` }]
      const added = (await ask('POST', '/clusters', { base64, contexts })) as Cluster[] | null
      if (context === undefined) expect(added).toBeNull()
      if (added === null) counts.refused += 1
      for (const { id } of added ?? []) {
        counts.added += 1
        expect(await ask('POST', `/clusters/${id}/test`, {})).not.toBeNull()
        // The test ends where nobody listens; a look at the cluster gets its credentials first.
        expect(await ask('GET', `/clusters/${id}/namespaces`)).toBeNull()
        expect(await ask('DELETE', `/clusters/${id}?removeForwards=true`)).not.toBeNull()
      }
    })
    const { started, others } = await besideAnother(() => fc.assert(property, parameters))
    const { previewed, added: accepted, refused } = counts
    expect(accepted + refused).toBe(parameters.numRuns)
    expect(accepted).toBeGreaterThan(parameters.numRuns / 20)
    await expectNothingDone(started)
    const facts = { runs: parameters.numRuns, previewed, accepted, refused, ...answers.facts(), others }
    keepFuzzFacts('kubeconfigs in a running host, added', facts)
  },
  fuzzTimeLimitMs,
)

it(
  'answers hostile requests with words: no bug, no stack, no secret, no hang, nothing run, nothing written elsewhere',
  async () => {
    const parameters = fuzzParameters(400)
    const things = await makeThings()
    const answers = tally()
    const property = fc.asyncProperty(hostileRequests(things), async (hostile) => {
      const answer = await send(hostile)
      answers.count(hostile.operation, answer)
      expectWords(answer, hostile.method === 'HEAD')
    })
    const { started, others } = await besideAnother(() => fc.assert(property, parameters))
    const { numRuns: runs } = parameters
    const facts = answers.facts()
    expect(facts.statuses[200] ?? 0).toBeGreaterThan(runs / 20)
    await expectNothingDone(started)
    const accepted = Object.entries(facts.statuses).reduce(
      (sum, [status, times]) => sum + (Number(status) < 400 ? times : 0),
      0,
    )
    keepFuzzFacts('API requests to a running host', { runs, accepted, refused: runs - accepted, ...facts, others })
  },
  fuzzTimeLimitMs,
)
