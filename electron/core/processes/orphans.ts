import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Platform, TokenHolder } from '../platform/platform.ts'
import type { ChildRow } from '../store/child-table.ts'
import { stopGraceMs } from './owned-process.ts'

const lookAgainMs = 50
/** A killed process is gone within milliseconds, unless it hangs in the kernel. */
const killGraceMs = 2000

/**
 * Which of the processes that hold a row's token are that child of ours or belong to its group. Fails closed: the
 * recorded process must have the recorded start time; without a record, only a group's leader counts, which is how
 * every child of ours is started. What a child started in a session of its own (a browser) is left alone.
 */
export function membersOf(row: ChildRow, holders: readonly TokenHolder[], bootId: string): TokenHolder[] {
  if (row.boot_id !== bootId) return []
  const holding = holders.filter((holder) => holder.token === row.token)
  if (row.pid === null || row.start_time === null) {
    const leaders = new Set(holding.filter((holder) => holder.group === holder.pid).map((holder) => holder.pid))
    return holding.filter((holder) => holder.group !== null && leaders.has(holder.group))
  }
  return holding.filter((holder) =>
    holder.pid === row.pid ? holder.startTime === row.start_time : holder.group === row.pid,
  )
}

type Options = { readonly platform: Platform; readonly clock: Clock; readonly log: Log }

/** Asks a process to end, ends it after 5 s, and says whether it is gone. Never touches a pid that was used again. */
async function stopProcess(holder: TokenHolder, { platform, clock }: Options): Promise<boolean> {
  const lives = async (): Promise<boolean> => {
    const facts = await platform.inspect(holder.pid)
    return facts !== null && facts.state !== 'dead' && facts.startTime === holder.startTime
  }
  for (const [signal, graceMs] of [
    ['SIGTERM', stopGraceMs],
    ['SIGKILL', killGraceMs],
  ] as const) {
    if (!(await lives())) return true
    try {
      process.kill(holder.pid, signal)
    } catch {
      // gone between the look and the signal, or not ours to signal: the next look tells
    }
    const deadline = clock.monotonic() + graceMs
    while (clock.monotonic() < deadline) {
      if (!(await lives())) return true
      await new Promise<void>((resolve) => clock.after(lookAgainMs, resolve))
    }
  }
  return !(await lives())
}

/** Stops what earlier runs left. Answers how many processes were stopped, and the rows that are settled by it. */
export async function stopLeftovers(
  rows: readonly ChildRow[],
  options: Options,
): Promise<{ stopped: number; settled: ChildRow[] }> {
  const { platform, log } = options
  const holders = await platform.findTokenHolders(new Set(rows.map((row) => row.token)))
  if (holders === null) {
    log.warn('the processes of an earlier run could not be looked for')
    return { stopped: 0, settled: [] }
  }
  const bootId = platform.bootId()
  const outcomes = await Promise.all(
    rows.map(async (row) => {
      const members = membersOf(row, holders, bootId)
      const gone = await Promise.all(members.map((member) => stopProcess(member, options)))
      const left = members.filter((_, index) => gone[index] !== true)
      for (const { pid } of left)
        log.warn(`process ${pid} (${row.kind} for ${row.label}) of an earlier run does not end`)
      return { row, stopped: members.length - left.length, settled: left.length === 0 }
    }),
  )
  return {
    stopped: outcomes.reduce((sum, outcome) => sum + outcome.stopped, 0),
    settled: outcomes.filter((outcome) => outcome.settled).map((outcome) => outcome.row),
  }
}
