import { setTimeout as pause } from 'node:timers/promises'
import { startHost, type HostOptions, type RunningHost } from './host.ts'
import { descendantsOf, signalAll, type ProcessRef } from './leftovers.ts'
import { waitUntil } from './wait-until.ts'

/** kill -9 of a running owner; answers the processes it had. */
export async function killRunning(host: Pick<RunningHost, 'pid' | 'kill'>): Promise<ProcessRef[]> {
  // It stands still while its children are listed, so that none is missed; killed it is all the same.
  process.kill(host.pid, 'SIGSTOP')
  const children = await descendantsOf(host.pid)
  await host.kill()
  return children
}

/** Starts an owner and kills it as soon as `moment` settles, wherever it is by then; answers the processes it had. */
export async function killOwnerAt(
  options: HostOptions,
  moment: () => Promise<unknown>,
  start: (options: HostOptions) => Promise<RunningHost> = startHost,
): Promise<ProcessRef[]> {
  const starting = start(options)
  const isOver = starting.then(
    ({ exited }) => exited,
    // An end before it was ready is what is wanted here.
    () => undefined,
  )
  const owner = await waitUntil('the owner that starts', 10, async () =>
    (await descendantsOf(process.pid)).find(({ command }) =>
      command.includes(`serve.mjs --data-dir ${options.dataDir ?? ''} `),
    ),
  )
  await Promise.race([moment(), isOver])
  signalAll([owner], 'SIGSTOP')
  const children = await descendantsOf(owner.pid)
  signalAll([owner], 'SIGKILL')
  await isOver
  return children
}

/** The same after so many ms. */
export const killOwnerAfter = (
  options: HostOptions,
  ms: number,
  start?: (options: HostOptions) => Promise<RunningHost>,
): Promise<ProcessRef[]> => killOwnerAt(options, () => pause(ms), start)
