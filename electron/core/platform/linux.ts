import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { allRest, environmentOf, parseStat, stateInStat, parseStatusRss, type TcpSocket } from './linux-proc.ts'
import { allPids, LinuxSockets } from './linux-sockets.ts'
import { childTokenVariable } from './child-token.ts'
import type { Platform, ProcessFacts, SocketOwner, TokenHolder } from './platform.ts'
import { signalGroup } from './signal-group.ts'

const readText = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null // gone meanwhile, or not ours to read
  }
}

const setprivPaths = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/sbin/setpriv', '/run/current-system/sw/bin/setpriv']

/** The setpriv of util-linux, tried out: BusyBox has one of that name which lacks the parent-death signal. */
function findSetpriv(): string | null {
  for (const path of setprivPaths) {
    try {
      execFileSync(path, ['--pdeathsig', 'KILL', '--', '/bin/sh', '-c', 'exit 0'], { stdio: 'ignore', timeout: 2000 })
      return path
    } catch {
      // not there, or not this kind
    }
  }
  return null
}

function factsOf(pid: number): ProcessFacts | null {
  const stat = parseStat(readText(`/proc/${pid}/stat`) ?? '')
  if (stat === null) return null
  return {
    startTime: stat.startTime,
    state: stat.state,
    cpuMs: stat.cpuMs,
    rssBytes: parseStatusRss(readText(`/proc/${pid}/status`) ?? ''),
  }
}

const statBuffer = Buffer.alloc(512)

/** Not there when it was opened, or not any more when it was read. */
const isGone = (error: unknown): boolean => ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Empty: it is gone; null: the system does not tell. */
function statOfThread(pid: number, thread: number | string): string | null {
  let file: number | null = null
  try {
    file = openSync(`/proc/${pid}/task/${thread}/stat`, 'r')
    const bytes = readSync(file, statBuffer, 0, statBuffer.length, 0)
    return statBuffer.toString('latin1', 0, bytes)
  } catch (error) {
    return isGone(error) ? '' : null
  } finally {
    if (file !== null) closeSync(file)
  }
}

/** For each connection: the main thread alone, because the whole process means a walk over all its threads. */
function stateOf(pid: number): ProcessFacts['state'] | null {
  const stat = statOfThread(pid, pid)
  return stat === null ? null : stateInStat(stat)
}

function rests(pid: number): boolean | null {
  let threads: string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch {
    return null
  }
  return allRest(threads, (thread) => statOfThread(pid, thread))
}

function findTokenHolders(tokens: ReadonlySet<string>): Promise<TokenHolder[]> {
  const found: TokenHolder[] = []
  if (tokens.size > 0) {
    for (const pid of allPids()) {
      const token = environmentOf(readText(`/proc/${pid}/environ`) ?? '', childTokenVariable)
      if (token === null || !tokens.has(token)) continue
      const stat = parseStat(readText(`/proc/${pid}/stat`) ?? '')
      if (stat === null || stat.state === 'dead') continue
      found.push({ pid, group: stat.group, startTime: stat.startTime, token })
    }
  }
  return Promise.resolve(found)
}

/** `kubectl`, and for interpreters the script they run (`python3 server.py`). */
function nameOf(pid: number): string {
  const name = (readText(`/proc/${pid}/comm`) ?? '').trim()
  const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '')
  const script = words.slice(1).find((word) => !word.startsWith('-'))
  if (/^(node|python|ruby|java|perl|php|deno|bun|MainThread)/.test(name) && script !== undefined) {
    const base = (word: string): string => word.slice(word.lastIndexOf('/') + 1)
    return `${base(words[0] ?? name)} ${base(script)}`.slice(0, 100)
  }
  return name === '' ? `process ${pid}` : name
}

/** Linux, by /proc (proc(5)). */
export function createLinuxPlatform(): Platform {
  const sockets = new LinuxSockets()
  const ownerOf = async (
    matches: (socket: TcpSocket) => boolean,
    likely: readonly number[] = [],
  ): Promise<SocketOwner | null> => {
    const pid = await sockets.holderOf(matches, likely)
    return pid === null ? null : { pid, process: nameOf(pid) }
  }
  let setpriv: string | null | undefined
  const setprivPath = (): string | null => (setpriv === undefined ? (setpriv = findSetpriv()) : setpriv)
  return {
    name: 'linux',
    unlinkedFiles: true,
    get childrenDieWithUs() {
      return setprivPath() !== null
    },
    childWrapper(command, args) {
      const wrapper = setprivPath()
      if (wrapper === null) return { command, args: [...args] }
      return { command: wrapper, args: ['--pdeathsig', 'KILL', '--', command, ...args] }
    },
    ownerOfPort: (address, port, likely = []) => {
      const anywhere = address === '0.0.0.0' || address === '::'
      return ownerOf(
        (socket) =>
          socket.listening &&
          socket.localPort === port &&
          (anywhere || socket.localAddress === address || isWildcard(socket.localAddress)),
        likely,
      )
    },
    ownerOfConnection: (localPort, peerPort, likely) =>
      ownerOf((socket) => !socket.listening && socket.localPort === localPort && socket.peerPort === peerPort, likely),
    processFacts: factsOf,
    processState: stateOf,
    rests,
    inspect: (pid) => Promise.resolve(factsOf(pid)),
    findTokenHolders,
    bootId: () => (readText('/proc/sys/kernel/random/boot_id') ?? '').trim(),
    signalTree: (pid, force) => signalGroup(pid, force ? 'SIGKILL' : 'SIGTERM'),
  }
}

const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::'
