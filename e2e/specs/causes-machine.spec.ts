import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../contract/client.ts'
import { createLocalTransport } from '../../electron/http/local-client.ts'
import { passphrase, startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import { Conversation } from '../support/data-plane.ts'
import { expectOk } from '../support/expect-ok.ts'
import { sharedTestbed } from '../support/main-job.ts'
import { hideFile, pauseProcess, smallDisk, takePort, type SmallDisk } from '../testbed/host-faults.ts'
import { mustRun } from '../testbed/run-command.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { deployment, workloadContainer } from '../testbed/workloads.ts'

let bed: Testbed
let world: CauseWorld
let folder: string
/** The only kubectl that the host can see. */
let kubectl: string
/** Where the host keeps its data. */
let disk: SmallDisk

/** Every other kubectl of this machine is covered, for the host and its children alone; their home is empty. */
const withoutOtherKubectls = [
  'unshare',
  '--mount',
  'bash',
  '-c',
  'for folder in /usr/local/bin /usr/bin /bin /snap/bin /usr/lib/google-cloud-sdk/bin; do' +
    ' [ -e "$folder/kubectl" ] && mount --bind /dev/null "$folder/kubectl"; done; exec "$@"',
  'bash',
]

/** The program that answers with what it hears. */
const echo: Parameters<CauseWorld['live']>[0] = {
  target: { kind: 'deployment', name: 'echo' },
  ports: [{ remote: 7000 }],
}

async function exchange(clients: readonly Conversation[], word: string): Promise<void> {
  for (const one of clients) one.say(`${word}\n`)
  for (const one of clients) await one.hears(`${word}\n`)
}

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  folder = await mkdtemp(join(tmpdir(), 'mooring-machine-'))
  kubectl = join(folder, 'bin', 'kubectl')
  await mkdir(join(folder, 'bin'))
  await copyFile(bed.kubectl, kubectl)
  await chmod(kubectl, 0o755)
  disk = await smallDisk(bed.description, 16 * 1024 * 1024)
  world = await startCauseWorld(bed, 'causes-machine', {
    dataDir: disk.folder,
    environment: { TERM: 'dumb', PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, HOME: folder },
    through: withoutOtherKubectls,
  })
})
afterAll(async () => {
  if (bed.containers) {
    world.times.print('this machine')
    await world.close()
    await disk.undo()
    await rm(folder, { recursive: true, force: true })
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

describe('kubectl', () => {
  it.concurrent('tunnel-lost: killed, and replaced by itself on the same local port', async () => {
    const { times } = world
    const { id } = await world.live()
    const pid = await world.kubectlOf(id)
    const at = performance.now()
    process.kill(pid, 'SIGKILL')
    await times.shown(id, 'tunnel-lost', at, { what: 'kubectl killed' })
    await times.recovered(id, 'tunnel-lost', at, { what: 'kubectl killed' })
  })

  it.concurrent('tunnel-stalled: stopped, which the next turn of the probe finds, and replaced by itself', async () => {
    const { times } = world
    const { id } = await world.live()
    const at = performance.now()
    await using _stopped = await pauseProcess(await world.kubectlOf(id))
    const what = 'kubectl stopped, after a probe (1 s)'
    await times.shown(id, 'tunnel-stalled', at, { detail: /kubectl-stopped/, what, unseenMs: 1000 })
    await times.recovered(id, 'tunnel-stalled', at, { what })
  })

  it('kubectl-missing: uninstalled, until it is there again', async () => {
    const { client, times } = world
    const { id } = await world.live()
    const pid = await world.kubectlOf(id)
    const hidden = await hideFile(kubectl)
    const status = await expectOk(client.kubectl.status({ refresh: 'true' }))
    expect(status.found, 'another kubectl is in sight').toEqual([])
    const at = performance.now()
    process.kill(pid, 'SIGKILL')
    const held = await times.shown(id, 'kubectl-missing', at)
    expect(held.next).toContain('Install kubectl')
    const since = performance.now()
    await hidden.undo()
    await times.recovered(id, 'kubectl-missing', since)
  })

  it('kubectl-failed: a damaged file in its place, until it is the right one again', async () => {
    const { times } = world
    const { id } = await world.live()
    const pid = await world.kubectlOf(id)
    const hidden = await hideFile(kubectl)
    await writeFile(`${kubectl}.new`, '#!/bin/sh\necho "kubectl: this file is damaged" >&2\nexit 70\n', { mode: 0o755 })
    await rename(`${kubectl}.new`, kubectl)
    const at = performance.now()
    process.kill(pid, 'SIGKILL')
    const detail =
      /^kubectl-unusable The kubectl \S+ cannot be used\. .* ended with code 70: kubectl: this file is damaged\./
    const held = await times.shown(id, 'kubectl-failed', at, { detail })
    expect(held.next).toContain('Repair it')
    const since = performance.now()
    await hidden.undo()
    await times.recovered(id, 'kubectl-failed', since)
  })
})

describe('limits', () => {
  it('limit-reached while no more kubectl may run, until another forward is off', async () => {
    const { client, times } = world
    const first = await world.live()
    const { running } = (await expectOk(client.app.status())).children
    await expectOk(client.settings.update({ maxChildren: running }))
    try {
      const second = await world.create()
      await times.shown(second.id, 'limit-reached', second.at)
      const since = performance.now()
      await expectOk(client.forwards.stop({ id: first.id }))
      await times.recovered(second.id, 'limit-reached', since)
    } finally {
      await expectOk(client.settings.update({ maxChildren: 128 }))
    }
  })

  it('limit-reached where no kubectl is left to ask with: idle clients keep their connections', async () => {
    const { client, times, rows, namespace } = world
    await bed.a.apply(deployment({ namespace, name: 'echo', container: workloadContainer() }))
    const forwards = await Promise.all([world.live(echo), world.live(echo)])
    const { running } = (await expectOk(client.app.status())).children
    await expectOk(client.settings.update({ maxChildren: running }))
    try {
      const clients = await Promise.all(forwards.map(({ ports }) => Conversation.with(ports[0]?.local ?? 0)))
      await exchange(clients, 'before')
      const at = performance.now()
      // A turn of the probe and three seconds later nothing is proven any more; nothing is wrong either.
      for (const { id } of forwards)
        await times.shown(id, 'limit-reached', at, {
          detail: /unchecked/,
          what: 'one idle client each',
          unseenMs: 4000,
        })
      // Bytes are proof for as long as they are fresh; then the limit is the reason again.
      const heard = performance.now()
      await exchange(clients, 'after')
      for (const { id } of forwards) {
        const proven = await rows.until(id, 'live', 5, ({ state, at }) => state === 'live' && at >= heard, heard)
        await rows.until(id, 'limit-reached again', 20, ({ code }) => code === 'limit-reached', proven.at + 1)
      }
      const since = performance.now()
      await expectOk(client.settings.update({ maxChildren: 128 }))
      for (const { id } of forwards) await times.recovered(id, 'limit-reached', since, { what: 'one idle client each' })
      await exchange(clients, 'still')
      for (const one of clients) one.end()
      for (const { id } of forwards) expect(rows.history(id).map(({ code }) => code)).not.toContain('tunnel-stalled')
    } finally {
      await expectOk(client.settings.update({ maxChildren: 128 }))
    }
  })

  it('queued while others are being started, until it is its turn', async () => {
    const { client, times, rows } = world
    await expectOk(client.settings.update({ maxStartingChildren: 1 }))
    try {
      const forwards = await Promise.all(Array.from({ length: 8 }, () => world.create()))
      // All are asked for together; which of them waits is up to the queue.
      const waiting = await Promise.any(
        forwards.map(async (forward) => {
          await rows.until(forward.id, 'queued', 15, ({ code }) => code === 'queued')
          return forward
        }),
      )
      await times.shown(waiting.id, 'queued', waiting.at)
      await times.recovered(waiting.id, 'queued', waiting.at)
      for (const { id, at } of forwards) await rows.until(id, 'live', 30, ({ state }) => state === 'live', at)
      // Whose turn came at once has not waited.
      const waited = forwards.filter(({ id }) => rows.history(id).some(({ code }) => code === 'queued'))
      expect(waited.length).toBeLessThan(forwards.length)
    } finally {
      await expectOk(client.settings.update({ maxStartingChildren: 4 }))
    }
  })
})

/** In the cluster's network, whose rules a spec may change, and without the right to take any port. */
describe('a user who may not take every port', () => {
  let own: CauseWorld
  const inNetwork = (...words: string[]): string[] => [
    'nsenter',
    '-t',
    String(bed.a.layout.initPid),
    '-n',
    '--',
    ...words,
  ]
  /** The first port that everybody may take. */
  const allowFrom = (port: number): Promise<string> => {
    const [command = '', ...words] = inNetwork('sysctl', '-w', `net.ipv4.ip_unprivileged_port_start=${port}`)
    return mustRun(command, words)
  }

  beforeAll(async () => {
    if (!bed.containers) return
    own = await startCauseWorld(bed, 'causes-user', {
      through: inNetwork('setpriv', '--bounding-set', '-net_bind_service', '--'),
      client: ({ dataDir }) => createClient(createLocalTransport(join(dataDir, 'mooring.sock'))),
    })
  })
  afterAll(async () => {
    if (!bed.containers) return
    await allowFrom(1024)
    await own.close()
  })

  it('local-port-forbidden, until the system lets the user have it', async () => {
    const { times } = own
    const forward = await own.create({ ports: [{ remote: 80, local: 81 }] })
    const held = await times.shown(forward.id, 'local-port-forbidden', forward.at)
    expect(held.next).toContain('1024')
    const since = performance.now()
    await allowFrom(80)
    await times.recovered(forward.id, 'local-port-forbidden', since)
    times.print('a user who may not take every port')
  })
})

describe('ports and disk', () => {
  it('local-port-taken names the program; live once the port is free', async () => {
    const { times } = world
    await using taken = await takePort(0)
    const forward = await world.create({ ports: [{ remote: 80, local: taken.port }] })
    await times.shown(forward.id, 'local-port-taken', forward.at, { detail: new RegExp(`\\b${taken.pid}\\b`) })
    const since = performance.now()
    await taken.undo()
    await times.recovered(forward.id, 'local-port-taken', since)
  })

  it('storage-failed: the disk of the database is full, until there is space again', async () => {
    const { client, times, host } = world
    const { id } = await world.live()
    const pid = await world.kubectlOf(id)
    await disk.fill()
    const at = performance.now()
    process.kill(pid, 'SIGKILL')
    await times.shown(id, 'storage-failed', at, { seconds: 30 })
    expect((await expectOk(client.app.status())).storage.ok).toBe(false)
    const since = performance.now()
    await disk.free()
    await times.recovered(id, 'storage-failed', since)
    expect((await expectOk(client.app.status())).storage.ok).toBe(true)
    expect(host.process.exitCode).toBeNull()
    // What is wanted can be changed again, too.
    await expectOk(client.vault.unlock({ passphrase }))
    await expectOk(client.forwards.stop({ id }))
  })
})
