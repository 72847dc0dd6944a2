import { drop } from '../../../contract/drop.ts'
import { FactsCache } from './facts-cache.ts'
import type { Platform, ProcessFacts, SocketOwner } from './platform.ts'
import { runTool, type RunTool } from './run-tool.ts'
import { factsScript, parseFacts, parseNetstat, parseTasklistName, type NetstatSocket } from './win32-tools.ts'

const anywhere = new Set(['0.0.0.0', '::'])

/**
 * Windows. Node puts children that are not detached into a job that ends with us, so nothing is left after a crash and
 * nothing has to be found again; a process's environment cannot be read there either, so none is ever taken for ours.
 */
export function createWindowsPlatform(
  run: RunTool = runTool,
  systemRoot = process.env.SystemRoot ?? 'C:\\Windows',
): Platform {
  const tool = (name: string): string => `${systemRoot}\\System32\\${name}`
  const powershell = tool('WindowsPowerShell\\v1.0\\powershell.exe')

  const inspect = async (pid: number): Promise<ProcessFacts | null> =>
    parseFacts(await run(powershell, ['-NoProfile', '-NonInteractive', '-Command', factsScript(pid)]))
  const cache = new FactsCache(inspect)

  const ownerOf = async (matches: (socket: NetstatSocket) => boolean): Promise<SocketOwner | null> => {
    const tables = await Promise.all(['TCP', 'TCPv6'].map((kind) => run(tool('netstat.exe'), ['-ano', '-p', kind])))
    const found = tables.flatMap(parseNetstat).find(matches)
    if (found === undefined) return null
    const list = await run(tool('tasklist.exe'), ['/FI', `PID eq ${found.pid}`, '/FO', 'CSV', '/NH'])
    return { pid: found.pid, process: parseTasklistName(list) ?? `process ${found.pid}` }
  }

  return {
    name: 'win32',
    childrenDieWithUs: true,
    unlinkedFiles: false,
    childWrapper: (command, args) => ({ command, args: [...args] }),
    ownerOfPort: (address, port) =>
      ownerOf(
        (socket) =>
          socket.listening &&
          socket.localPort === port &&
          (socket.localAddress === address || anywhere.has(address) || anywhere.has(socket.localAddress)),
      ),
    ownerOfConnection: (localPort, peerPort) =>
      ownerOf((socket) => !socket.listening && socket.localPort === localPort && socket.peerPort === peerPort),
    processFacts: (pid) => cache.get(pid),
    processState: (pid) => cache.get(pid)?.state ?? null,
    rests: () => null,
    inspect,
    findTokenHolders: () => Promise.resolve([]),
    bootId: () => '',
    signalTree(pid) {
      // A program without a window cannot be asked to end, only ended.
      drop(run(tool('taskkill.exe'), ['/PID', String(pid), '/T', '/F']), 'its exit is what counts')
      return true
    },
  }
}
