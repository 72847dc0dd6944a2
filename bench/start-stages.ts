import { expectOk } from '../e2e/support/expect-ok.ts'
import type { RunningHost } from '../e2e/support/host.ts'
import { waitForState } from '../e2e/support/main-job.ts'
import { isListening, kubectlTimes, readLog } from './host-log.ts'

/** The moments of one start by what happened, seconds since the program was started. */
export type Stages = Readonly<Record<string, number>>

/**
 * Reads the moments of a start from what the host tells anyway: its log, its status, the history of its forwards. Waits
 * until all forwards are live.
 */
export async function stagesOf(host: RunningHost, startedAt: number): Promise<Stages> {
  const { client } = host
  const forwards = await expectOk(client.forwards.list({}))
  await Promise.all(forwards.map(({ id }) => waitForState(client, id, 'live', 60)))
  const lines = readLog(host.log())
  const { started, listening } = kubectlTimes(lines)
  // Of each forward its own first kubectl: others are started beside those that carry clients.
  const own = await Promise.all(
    forwards.map(async ({ id }) => {
      const { entries } = await expectOk(client.forwards.history({ id }))
      const output = await expectOk(client.forwards.output({ id }))
      const pid = output.find(({ at, pid, text }) => at >= startedAt && pid !== null && isListening(text))?.pid ?? 0
      // The newest entry stands first; those of earlier starts are older than this one.
      const live = entries.findLast(({ state, at }) => state === 'live' && at >= startedAt)?.at
      return { started: started.get(pid) ?? NaN, listening: listening.get(pid) ?? NaN, live: live ?? NaN }
    }),
  )
  const { sidecar } = await expectOk(client.app.status())
  const said = (area: string, begin: string): number =>
    lines.find((line) => line.area === area && line.message.startsWith(begin))?.at ?? NaN
  const first = (of: 'started' | 'listening' | 'live'): number => Math.min(...own.map((one) => one[of]))
  const last = (of: 'started' | 'listening' | 'live'): number => Math.max(...own.map((one) => one[of]))
  const moments = {
    'Node runs, the program is loaded, the data folder is ours': said('app', 'start: data folder taken'),
    'the database is open': said('app', 'start: database open'),
    'what earlier runs left is swept': said('app', 'start: earlier runs swept'),
    'the sidecar answers': sidecar.since,
    'a kubectl is found and has told its version': said('kubectl', 'kubectl '),
    'the vault is open': said('app', 'start: vault ready'),
    'the first kubectl is started': first('started'),
    'the first kubectl listens': first('listening'),
    'the first forward is live': first('live'),
    'the last kubectl is started': last('started'),
    'the last kubectl listens': last('listening'),
    'the last forward is live': last('live'),
  }
  return Object.fromEntries(
    Object.entries(moments).map(([name, at]) => {
      if (!Number.isFinite(at)) throw new Error(`nothing tells when ${name}`)
      return [name, (at - startedAt) / 1000]
    }),
  )
}
