import type { RunningHost } from '../support/host.ts'
import type { ChaosWorld, PartResult } from './chaos-part.ts'

/** How long a part that could not go on may take to end once its owners were killed. */
const endsWithinMs = 30_000

export type PartRun = PartResult & {
  seconds: number
  /** It still goes on, whatever was done to end it: nothing else may run beside it. */
  goesOn: boolean
}

/**
 * Runs one part, for no longer than `limitMs`: an owner that hangs must not make it endless. A part that throws or takes
 * longer has proven nothing, and says so as what must not happen; then its owners are killed, so that it ends.
 */
export async function runPart(
  part: (world: ChaosWorld) => Promise<PartResult>,
  world: ChaosWorld,
  limitMs: number,
): Promise<PartRun> {
  const began = performance.now()
  const hosts = new Set<RunningHost>()
  const startHost: ChaosWorld['startHost'] = async (options) => {
    const host = await world.startHost(options)
    hosts.add(host)
    void host.exited.then(() => hosts.delete(host))
    return host
  }
  const running = part({ ...world, startHost }).catch((error: unknown) =>
    brokenOff((error as Error).stack ?? String(error)),
  )
  const inTime = await within(running, limitMs)
  if (inTime === null) for (const host of hosts) host.process.kill('SIGKILL')
  const afterwards = inTime ?? (await within(running, endsWithinMs))
  const result = inTime ?? brokenOff(`it took longer than ${Math.round(limitMs / 1000)} s`)
  return { ...result, seconds: Math.round((performance.now() - began) / 1000), goesOn: afterwards === null }
}

const brokenOff = (why: string): PartResult => ({ facts: {}, violations: [`it broke off: ${why}`] })

/** Null: not in time. */
async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), limitMs)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
