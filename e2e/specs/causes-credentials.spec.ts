import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { stringify } from 'yaml'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CauseCode } from '../../contract/causes.ts'
import type { Cluster } from '../../contract/clusters.ts'
import { passphrase, startCauseWorld, type CauseWorld } from '../support/cause-world.ts'
import { momentOf } from '../support/cause-times.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster, sharedTestbed, withKubectl } from '../support/main-job.ts'
import { waitUntil } from '../support/wait-until.ts'
import { apiUrl } from '../testbed/cluster-layout.ts'
import { STATIC_TOKEN } from '../testbed/components.ts'
import { kubeconfig, type KubeconfigUser } from '../testbed/kubeconfig-file.ts'
import { loginPluginPath } from '../testbed/login-plugin.ts'
import type { Testbed } from '../testbed/testbed.ts'

let bed: Testbed
let world: CauseWorld
/** A folder on the host's PATH, for credential commands of this spec alone. */
let folder: string

beforeAll(async () => {
  bed = await sharedTestbed()
  if (!bed.containers) return
  folder = await mkdtemp(join(tmpdir(), 'mooring-commands-'))
  const path = `${folder}${delimiter}${withKubectl(bed)['PATH'] ?? ''}`
  world = await startCauseWorld(bed, 'causes-credentials', { environment: { TERM: 'dumb', PATH: path } })
})
afterAll(async () => {
  if (bed.containers) {
    world.times.print('rights and credentials')
    await world.close()
    await rm(folder, { recursive: true, force: true })
  }
  await bed.close()
})
beforeEach((context) => {
  if (!bed.containers) context.skip('needs real containers (root)')
})

/** A cluster of Mooring for a user of this spec's own. */
async function addUser(name: string, user: KubeconfigUser): Promise<Cluster> {
  const authority = await readFile(join(bed.a.layout.folder, 'pki', 'ca.crt'), 'utf8')
  const file = join(folder, `${name}.kubeconfig`)
  await writeFile(file, stringify(kubeconfig(name, { server: apiUrl(bed.a.layout), authority }, user)))
  return addCluster(world.client, file, name)
}
const commandUser = (command: string): KubeconfigUser => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command,
    args: ['get-token'],
    interactiveMode: 'Never',
    provideClusterInfo: true,
  },
})
/** Puts a program into the folder, whole at once. */
async function install(name: string, script: string): Promise<void> {
  await writeFile(join(folder, `.${name}`), script, { mode: 0o755 })
  await rename(join(folder, `.${name}`), join(folder, name))
}
const allows = (name: string, rules: object[]): string =>
  JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace: world.namespace },
    rules,
  })
const binds = (name: string): string =>
  JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: world.namespace },
    subjects: [{ kind: 'User', name: 'reader', apiGroup: 'rbac.authorization.k8s.io' }],
    roleRef: { kind: 'Role', name, apiGroup: 'rbac.authorization.k8s.io' },
  })

describe('rights and credentials', () => {
  it.concurrent('forbidden names who may not do what; live once the right is given', async () => {
    const { client, times } = world
    await bed.a.apply(
      allows('look', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }]),
      binds('look'),
    )
    const restricted = await addCluster(client, bed.a.users['restricted'] ?? '', 'restricted')
    const forward = await world.create({
      clusterId: restricted.id,
      target: { kind: 'selector', selector: 'app=web' },
      ports: [{ remote: 8080 }],
    })
    const held = await times.shown(forward.id, 'forbidden', forward.at)
    expect(held.message).toContain('reader')
    expect(held.state).toBe('holding')
    const since = performance.now()
    await bed.a.apply(
      allows('forward', [{ apiGroups: [''], resources: ['pods/portforward'], verbs: ['get', 'create'] }]),
      binds('forward'),
    )
    await times.recovered(forward.id, 'forbidden', since)
  })

  it.concurrent.each<[string, CauseCode]>([
    ['expired-certificate', 'credentials-expired'],
    ['expired-token', 'credentials-expired'],
    ['wrong-token', 'credentials-rejected'],
    ['removed-provider', 'credentials-rejected'],
  ])('%s: %s, and live once the credentials are replaced', async (user, code) => {
    const { client, times } = world
    const other = await addCluster(client, bed.a.users[user] ?? '', `with ${user}`)
    const forward = await world.create({ clusterId: other.id })
    const held = await times.shown(forward.id, code, forward.at, { what: user })
    expect(held.state).toBe('holding')
    const since = performance.now()
    await expectOk(client.clusters.rotate({ id: other.id, text: await readFile(bed.a.kubeconfig, 'utf8') }))
    await times.recovered(forward.id, code, since, { what: user })
  })

  it.concurrent('credentials-command-failed with its words, until somebody who has signed in looks again', async () => {
    const { client, times } = world
    const session = join(folder, 'session')
    const ended = `{ date +%s%N > '${folder}/failed'; echo 'your session has ended, sign in again' >&2; exit 1; }`
    const login = loginPluginPath(bed.description.folder)
    await install(
      'failing-login',
      `#!/bin/sh\n[ -e '${session}' ] || ${ended}\n: > '${folder}/signed-in'\nexec '${login}' "$@"\n`,
    )
    const other = await addUser('with-a-failing-command', commandUser('failing-login'))
    const { id } = await world.create({ clusterId: other.id })
    const said = await momentOf('it to fail', 10, () => existsSync(join(folder, 'failed')))
    const held = await times.shown(id, 'credentials-command-failed', said, { detail: /your session has ended/ })
    expect(held.state).toBe('holding')
    await writeFile(session, '')
    // A login may open a browser: it is run again when somebody is there, never by a timer.
    const since = performance.now()
    await waitUntil('it is run again', 15, async () => {
      await expectOk(client.app.hint({ kind: 'look' }))
      return existsSync(join(folder, 'signed-in'))
    })
    await times.recovered(id, 'credentials-command-failed', since)
  })

  it.concurrent('credentials-command-not-allowed, and live once it is allowed again', async () => {
    const { client, times } = world
    await install('doubted-login', `#!/bin/sh\nexec '${loginPluginPath(bed.description.folder)}' "$@"\n`)
    const other = await addUser('with-a-doubted-command', commandUser('doubted-login'))
    const allowed = await expectOk(client.commands.list())
    const command = allowed.find((one) => one.clusters.includes(other.name))
    expect(command).toBeDefined()
    await expectOk(client.commands.remove({ id: command?.id ?? '' }))
    const forward = await world.create({ clusterId: other.id })
    await times.shown(forward.id, 'credentials-command-not-allowed', forward.at)
    const since = performance.now()
    await expectOk(client.commands.allow({ command: command?.command ?? '', args: command?.args ?? [] }))
    await times.recovered(forward.id, 'credentials-command-not-allowed', since)
  })
})

/** Nothing else is done to the host meanwhile: a cluster that is added would be a hint to all others. */
describe('rights and credentials, while nobody does anything', () => {
  const file = (): string => join(folder, 'token')
  let withTokenFile: Cluster
  let withCommand: Cluster

  beforeAll(async () => {
    if (!bed.containers) return
    const stale = /token: (\S+)/.exec(await readFile(bed.a.users['expired-token'] ?? '', 'utf8'))?.[1] ?? ''
    await writeFile(file(), stale)
    withTokenFile = await addUser('with-a-token-file', { tokenFile: file() })
    withCommand = await addUser('with-a-missing-command', commandUser('late-login'))
  })

  it.concurrent('credentials-expired: in a token file, until a login writes a new one into it', async () => {
    const { times } = world
    const what = 'token file'
    const forward = await world.create({ clusterId: withTokenFile.id })
    await times.shown(forward.id, 'credentials-expired', forward.at, { what })
    const since = performance.now()
    await writeFile(file(), STATIC_TOKEN)
    await times.recovered(forward.id, 'credentials-expired', since, { what })
  })

  it.concurrent('credentials-command-missing, until it is installed', async () => {
    const { times } = world
    const forward = await world.create({ clusterId: withCommand.id })
    const held = await times.shown(forward.id, 'credentials-command-missing', forward.at)
    expect(held.state).toBe('holding')
    expect(held.message).toContain('late-login')
    const since = performance.now()
    await install('late-login', `#!/bin/sh\nexec '${loginPluginPath(bed.description.folder)}' "$@"\n`)
    await times.recovered(forward.id, 'credentials-command-missing', since)
  })
})

describe('the vault', () => {
  it('vault-locked, and live after unlocking', async () => {
    const { client, times, rows } = world
    const { id } = await world.live()
    await expectOk(client.forwards.stop({ id }))
    await rows.until(id, 'off', 15, ({ state }) => state === 'off', performance.now())
    await expectOk(client.vault.lock())
    const at = performance.now()
    await expectOk(client.forwards.start({ id }))
    const held = await times.shown(id, 'vault-locked', at)
    expect(held.state).toBe('holding')
    const since = performance.now()
    await expectOk(client.vault.unlock({ passphrase }))
    await times.recovered(id, 'vault-locked', since)
  })
})
