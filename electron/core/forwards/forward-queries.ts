import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { OutputLine } from '../../../contract/forwards.ts'
import type { Clock } from '../clock.ts'
import type { Credentials } from '../credentials/credentials.ts'
import type { HandlersOf } from '../operations/handlers.ts'
import type { Platform } from '../platform/platform.ts'
import type { SidecarClient } from '../sidecar/sidecar-client.ts'
import type { HistoryTable } from '../store/history-table.ts'
import { ConnectionRows } from './connection-rows.ts'
import { checkForward } from './forward-check.ts'
import type { ForwardOutput } from './forward-output.ts'
import type { ForwardRuntime } from './forward-runtime.ts'
import { summarize } from './history.ts'

export type ForwardQueriesOptions = {
  readonly clock: Clock
  readonly platform: Platform
  readonly credentials: Pick<Credentials, 'resolve'>
  readonly sidecar: Pick<SidecarClient, 'setCluster' | 'request'>
  readonly history: HistoryTable
  readonly output: ForwardOutput
  readonly runtimes: ReadonlyMap<string, ForwardRuntime>
}

const snapshotLines = 500
const historyRows = 5000

/** What can be asked about forwards beside their rows: what happened, what was printed, who is connected, would it work. */
export class ForwardQueries {
  readonly #options: ForwardQueriesOptions
  readonly #connections: ConnectionRows

  constructor(options: ForwardQueriesOptions) {
    this.#options = options
    this.#connections = new ConnectionRows(options)
  }

  handlers(): HandlersOf<`forwards.${'check' | 'history' | 'output' | 'connections'}`> {
    const { runtimes, history, output, clock } = this.#options
    return {
      'forwards.check': async (input) => ok(await this.#check(input)),
      'forwards.history': ({ id, limit }) =>
        knownForward(runtimes, id, () => {
          const summary = summarize(history.list(id, historyRows), clock.now())
          return ok({ ...summary, entries: summary.entries.slice(0, limit) })
        }),
      'forwards.output': ({ id, limit }) => knownForward(runtimes, id, () => ok(output.last(id, limit))),
      'forwards.connections': ({ id }) =>
        knownForward(runtimes, id, async (runtime) => ok(await this.#connections.of(runtime.connections()))),
    }
  }

  /** Its last lines; undefined: there is no such forward. */
  output(id: string): OutputLine[] | undefined {
    return this.#options.runtimes.has(id) ? this.#options.output.last(id, snapshotLines) : undefined
  }

  #check(input: Parameters<typeof checkForward>[0]): ReturnType<typeof checkForward> {
    const { platform, sidecar, credentials, runtimes } = this.#options
    return checkForward(input, {
      platform,
      wanted: () =>
        [...runtimes.values()].map((runtime) => runtime.stored).filter((forward) => forward.desired === 'on'),
      resolve: (id) => credentials.resolve(id),
      setCluster: (id, connection) => sidecar.setCluster(id, connection),
      askAccess: (params) => sidecar.request('access', params, { timeoutMs: 10_000 }),
    })
  }
}

/** Does something with the forward of that id. Errors: not-found, and those of `act`. */
export async function knownForward<T>(
  runtimes: ReadonlyMap<string, ForwardRuntime>,
  id: string,
  act: (runtime: ForwardRuntime) => Result<T> | Promise<Result<T>>,
): Promise<Result<T>> {
  const runtime = runtimes.get(id)
  if (runtime !== undefined) return act(runtime)
  return fail(appError('not-found', 'There is no such forward.', 'Look at the list again; it may have been removed.'))
}
