import { setTimeout as pause } from 'node:timers/promises'
import { startHost, type HostOptions, type RunningHost } from './host.ts'
import { descendantsOf, type ProcessRef } from './leftovers.ts'

/** kill -9 of a running owner; answers the processes it had. */
export async function killRunning(host: Pick<RunningHost, 'pid' | 'kill'>): Promise<ProcessRef[]> {
  // It stands still while its children are listed, so that none is missed; killed it is all the same.
  process.kill(host.pid, 'SIGSTOP')
  const children = await descendantsOf(host.pid)
  await host.kill()
  return children
}

/** Starts an owner and kills it after so many ms, wherever it is by then; answers the processes it had. */
export async function killOwnerAfter(
  options: HostOptions,
  ms: number,
  start: (options: HostOptions) => Promise<RunningHost> = startHost,
): Promise<ProcessRef[]> {
  const before = new Set((await descendantsOf(process.pid)).map(({ pid }) => pid))
  const starting = start(options)
  // An end before it was ready is what is wanted here.
  starting.catch(() => undefined)
  await pause(ms)
  const owner = (await descendantsOf(process.pid)).find(
    ({ pid, command }) => !before.has(pid) && command.includes(`serve.mjs --data-dir ${options.dataDir ?? ''}`),
  )
  if (owner === undefined) {
    await (await starting).close()
    return []
  }
  process.kill(owner.pid, 'SIGSTOP')
  const children = await descendantsOf(owner.pid)
  process.kill(owner.pid, 'SIGKILL')
  await starting.then(
    (host) => host.exited,
    () => undefined,
  )
  return children
}
