import { readFile } from 'node:fs/promises'
import { descendantsOf } from './leftovers.ts'

/** What anybody of the same user can see of a process. */
export type SeenProcess = { command: string; environment: string }

/**
 * Watches everything a process starts, at any depth, until stopped: arguments and environments. What lives for less than
 * a look (25 ms) is not seen; what an owner starts itself is noted without a look (spawn-record.ts). Linux only.
 */
export function watchProcesses(pid: number): { stop(): Promise<SeenProcess[]> } {
  const seen = new Map<string, SeenProcess>()
  const over = new AbortController()
  const watching = (async () => {
    const own = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
    while (!over.signal.aborted) {
      for (const { pid: child, startTime, command } of await descendantsOf(pid)) {
        // A process shows its parent's command, then none, until it has become the program it is for.
        if (command === own || command === '') continue
        try {
          const environment = await readFile(`/proc/${child}/environ`, 'utf8')
          seen.set(`${child} ${startTime} ${command}`, { command, environment })
        } catch {
          // It has ended; what it looked like before was seen before, or it lived for less than a look.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  })()
  return {
    stop: async () => {
      over.abort()
      await watching
      return [...seen.values()]
    },
  }
}
