import { execFileSync } from 'node:child_process'
import {
  connects,
  listensAt,
  parseLsof,
  parsePsFacts,
  parsePsTokens,
  psFactsFields,
  psTokenFields,
  type LsofSocket,
} from './darwin-tools.ts'
import { FactsCache } from './facts-cache.ts'
import type { Platform, ProcessFacts, SocketOwner } from './platform.ts'
import { runTool, type RunTool } from './run-tool.ts'
import { signalGroup } from './signal-group.ts'

const lsof = '/usr/sbin/lsof'
const ps = '/bin/ps'

const ownerIn = (sockets: LsofSocket[], matches: (name: string) => boolean): SocketOwner | null => {
  const found = sockets.find((socket) => matches(socket.name))
  return found === undefined ? null : { pid: found.pid, process: found.process }
}

function readBootId(): string {
  try {
    return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', timeout: 2000 }).trim()
  } catch {
    return ''
  }
}

/** macOS, by lsof and ps. It has no parent-death signal: the next start stops what a crash left. */
export function createDarwinPlatform(run: RunTool = runTool): Platform {
  const inspect = async (pid: number): Promise<ProcessFacts | null> =>
    parsePsFacts(await run(ps, ['-o', psFactsFields, '-p', String(pid)]))
  const cache = new FactsCache(inspect)
  let bootId: string | undefined
  return {
    name: 'darwin',
    childrenDieWithUs: false,
    unlinkedFiles: false,
    childWrapper: (command, args) => ({ command, args: [...args] }),
    ownerOfPort: async (address, port) =>
      ownerIn(parseLsof(await run(lsof, ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn'])), (name) =>
        listensAt(name, address, port),
      ),
    ownerOfConnection: async (localPort, peerPort) =>
      ownerIn(parseLsof(await run(lsof, ['-nP', `-iTCP:${localPort}`, '-Fpcn'])), (name) =>
        connects(name, localPort, peerPort),
      ),
    processFacts: (pid) => cache.get(pid),
    processState: (pid) => cache.get(pid)?.state ?? null,
    rests: () => null,
    inspect,
    async findTokenHolders(tokens) {
      if (tokens.size === 0) return []
      const list = await run(ps, ['-axEww', '-o', psTokenFields])
      return list === '' ? null : parsePsTokens(list, tokens)
    },
    bootId: () => (bootId ??= readBootId()),
    signalTree: (pid, force) => signalGroup(pid, force ? 'SIGKILL' : 'SIGTERM'),
  }
}
