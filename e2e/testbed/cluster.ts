import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import path from 'node:path'
import { connectApi, type ApiClient } from './api-client.ts'
import { apiUrl, BLACKHOLE_PORT, inCluster, type ClusterLayout } from './cluster-layout.ts'
import { componentCommand, componentsOf, configurationFiles, type ComponentName } from './components.ts'
import { certificateUser, kubeconfig, writeKubeconfig } from './kubeconfig-file.ts'
import { mustRun, runCommand } from './run-command.ts'
import { isAlive, identifyProcess } from './state-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/**
 * Host pid of a component whose process is there, be it in its last breath. The pid file holds the number the process
 * has inside the cluster.
 */
function processOf(layout: ClusterLayout, name: ComponentName): number | null {
  let inner: string
  try {
    inner = readFileSync(inCluster(layout, 'run', `${name}.pid`), 'utf8').trim()
  } catch {
    return null
  }
  for (const pid of childrenOf(layout.initPid)) {
    try {
      const numbers = /^NSpid:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split(/\s+/)
      if (numbers?.at(-1) === inner) return pid
    } catch {
      // It ended between the two reads.
    }
  }
  return null
}

/** Host pid of a running component, or null. */
export function componentPid(layout: ClusterLayout, name: ComponentName): number | null {
  const pid = processOf(layout, name)
  return pid !== null && identifyProcess(pid) !== null ? pid : null
}

/** Starts a component that is not running; resolves when its process is there, not when it serves. */
export async function startComponent(layout: ClusterLayout, name: ComponentName): Promise<void> {
  if (componentPid(layout, name) !== null) return
  await waitForComponentEnd(layout, name)
  await fs.rm(inCluster(layout, 'run', `${name}.pid`), { force: true })
  await fs.appendFile(inCluster(layout, 'control'), `start ${name}\n`)
  await waitUntil(`the process of ${name}`, 10, () => componentPid(layout, name), 10)
}

/** Sends a signal to a component; its pid. One that is not running is an error: a fault that hits nothing proves nothing. */
export function signalComponent(layout: ClusterLayout, name: ComponentName, signal: NodeJS.Signals): number {
  const pid = componentPid(layout, name)
  if (pid === null) throw new Error(`${name} of cluster ${layout.name} is not running`)
  process.kill(pid, signal)
  return pid
}

/**
 * Resolves when the component's process has ended and been reaped. A killed program of many threads is a zombie first,
 * and holds its ports until the last of them has gone.
 */
export async function waitForComponentEnd(layout: ClusterLayout, name: ComponentName, seconds = 30): Promise<void> {
  await waitUntil(`the end of ${name}`, seconds, () => processOf(layout, name) === null, 20)
}

/** The last lines of a component's log, for the errors of the bed itself. */
async function lastWords(layout: ClusterLayout, name: ComponentName): Promise<string> {
  const log = await fs.readFile(inCluster(layout, 'log', `${name}.log`), 'utf8').catch(() => '')
  return log.trim().split('\n').slice(-8).join('\n')
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

async function writeFiles(layout: ClusterLayout): Promise<void> {
  for (const folder of ['run', 'log', 'cni', 'containerd', 'home']) {
    await fs.mkdir(inCluster(layout, folder), { recursive: true })
  }
  const stages = layout.nodes === 'fake' ? await fs.readFile(path.join(layout.built.kwok, 'stages.yaml'), 'utf8') : ''
  for (const [name, content] of Object.entries(configurationFiles(layout, stages))) {
    await fs.writeFile(inCluster(layout, name), content)
  }
  const search = `${layout.built.containerd || '/usr/bin'}:/usr/sbin:/usr/bin:/sbin:/bin`
  for (const name of componentsOf(layout)) {
    const command = componentCommand(layout, name).map(quote).join(' ')
    // A bare environment: no proxy or kubeconfig of the caller may leak in.
    const script = `cd ${quote(layout.folder)}
echo $$ > run/${name}.pid.new && mv run/${name}.pid.new run/${name}.pid
exec env -i PATH=${quote(search)} HOME=${quote(inCluster(layout, 'home'))} ${command} >>log/${name}.log 2>&1
`
    await fs.writeFile(inCluster(layout, 'run', `${name}.sh`), script)
  }
  const server = apiUrl(layout)
  const authority = await fs.readFile(inCluster(layout, 'pki', 'ca.crt'), 'utf8')
  for (const user of ['admin', 'node']) {
    const file = kubeconfig(user, { server, authority }, await certificateUser(layout, user))
    await writeKubeconfig(inCluster(layout, 'pki', `${user}.kubeconfig`), file)
  }
}

/** Starts the cluster's first process, which lives exactly as long as this one at most. */
async function startInit(layout: ClusterLayout): Promise<{ starterPid: number; initPid: number; child: ChildProcess }> {
  await mustRun('mkfifo', [inCluster(layout, 'control')])
  const script = [path.join(import.meta.dirname, 'cluster-init.sh'), layout.folder]
  const namespaces = ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--']
  const words = layout.namespaced ? [...namespaces, 'bash', ...script, 'namespaced'] : ['bash', ...script, 'plain']
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A group of its own: Ctrl-C at the terminal is for the starter, which ends things in order.
    detached: true,
  })
  const pid = child.pid
  if (pid === undefined) throw new Error('setpriv (util-linux) cannot be started')
  await new Promise<void>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => reject(new Error(`the first process of cluster ${layout.name} ended: ${String(code)}`)))
    child.stdout.once('data', () => resolve())
  })
  await fs.writeFile(inCluster(layout, 'starter.pid'), String(pid))
  const initPid = layout.namespaced ? childrenOf(pid)[0] : pid
  if (initPid === undefined) throw new Error(`cluster ${layout.name} has no first process`)
  return { starterPid: pid, initPid, child }
}

/** The link between host and cluster, and loopback inside. */
async function connectNetwork(layout: ClusterLayout): Promise<void> {
  const { link, innerLink, addresses, initPid } = layout
  const outside = [
    `link add ${link} type veth peer name ${innerLink} netns ${String(initPid)}`,
    `addr add ${addresses.host}/29 dev ${link}`,
    `link set ${link} up`,
  ]
  const inside = [
    'link set lo up',
    `addr add ${addresses.main}/29 dev ${innerLink}`,
    `addr add ${addresses.alias}/29 dev ${innerLink}`,
    `link set ${innerLink} up`,
    `route add default via ${addresses.host}`,
  ]
  await mustRun('ip', ['-batch', '-'], { input: outside.join('\n') })
  const enter = ['-t', String(initPid), '-n', '--']
  await mustRun('nsenter', [...enter, 'ip', '-batch', '-'], { input: inside.join('\n') })
  const swallow = ['-A', 'INPUT', '-p', 'tcp', '--dport', String(BLACKHOLE_PORT), '-j', 'DROP']
  await mustRun('nsenter', [...enter, 'iptables', '-w', ...swallow])
}

/** Loads image archives into the node's runtime. */
async function importImages(layout: ClusterLayout, files: readonly string[]): Promise<void> {
  const socket = inCluster(layout, 'containerd.sock')
  const ctr = path.join(layout.built.containerd, 'ctr')
  const words = ['-a', socket, '-n', 'k8s.io']
  await waitUntil('containerd', 20, async () => (await runCommand(ctr, [...words, 'version'])).code === 0)
  for (const file of files) await mustRun(ctr, [...words, 'image', 'import', file])
}

/** True once the API server says that it is ready. */
export async function isApiReady(api: ApiClient): Promise<boolean> {
  return (await api.request('GET', '/readyz', undefined, 2000)).body === 'ok'
}

export type RunningCluster = { layout: ClusterLayout; api: ApiClient; child: ChildProcess; imagesLoaded: Promise<void> }

/**
 * Starts a cluster up to a ready API server, with the other components started behind it.
 * @param onNetwork called when the host's end of the cluster's link has its address
 */
export async function startCluster(
  draft: ClusterLayout,
  imageFiles: readonly string[],
  onNetwork: () => Promise<void>,
): Promise<RunningCluster> {
  await writeFiles(draft)
  const { child, ...pids } = await startInit(draft)
  const layout: ClusterLayout = { ...draft, ...pids }
  await fs.writeFile(inCluster(layout, 'cluster.json'), JSON.stringify(layout))
  if (layout.namespaced) await connectNetwork(layout)
  await onNetwork()
  await startComponent(layout, 'etcd')
  await startComponent(layout, 'apiserver')
  let imagesLoaded = Promise.resolve()
  if (layout.nodes === 'real') {
    await startComponent(layout, 'containerd')
    imagesLoaded = importImages(layout, imageFiles)
    // Awaited by the bed once the API is up; a failure before that must not end the process.
    imagesLoaded.catch(() => undefined)
  }
  const api = await connectApi(layout)
  const starter = identifyProcess(layout.starterPid)
  try {
    await waitUntil(`the API of cluster ${layout.name}`, 60, async () => {
      if (starter === null || !isAlive(starter)) throw new Error('its first process has ended')
      return isApiReady(api)
    })
  } catch (error) {
    throw new Error(`${String(error)}\n${await lastWords(layout, 'apiserver')}`, { cause: error })
  }
  const rest = componentsOf(layout).filter((name) => !['etcd', 'apiserver', 'containerd'].includes(name))
  await Promise.all(rest.map((name) => startComponent(layout, name)))
  return { layout, api, child, imagesLoaded }
}
