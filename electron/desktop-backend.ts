import type { Transport } from '../contract/client.ts'
import { drop } from '../contract/drop.ts'
import { appError, fail, ok, type Result } from '../contract/errors.ts'
import { createSwitchableTransport } from '../contract/switchable-transport.ts'
import type { Log } from './core/log.ts'

/** An owner that this process started: how to reach it and how to end it. */
export type OwnedBackend = {
  transport: Transport
  /** Called once when the data folder is not ours any more: somebody removed or replaced the lock. */
  onLost(listener: () => void): void
  close(): Promise<void>
}

export type DesktopBackendOptions = {
  /** The local socket of the owner that runs now; null: nobody announced one. */
  ownerSocket: () => string | null
  connect: (socketPath: string) => Transport & { close(): Promise<void> }
  /** Becomes the owner; `data-folder-owned` when somebody else is. */
  becomeOwner: () => Promise<Result<OwnedBackend>>
  log: Log
}

export type DesktopBackend = {
  readonly transport: Transport
  /** Ends the owner if it is ours; leaves an owner alone that we only attached to. */
  close(): Promise<void>
}

const lookAgainMs = 1000
const startingTakesMs = 10_000
/** An owner that is stopped still accepts connections; it is not waited for. */
const answerTakesMs = 3000

const nobody = appError(
  'owner-lost',
  'Mooring does not answer.',
  'Wait a moment: it is started again or found again by itself.',
)

/** Stands in while there is no owner at all. */
const nobodyThere: Transport = {
  call: () => Promise.resolve(fail(nobody)),
  subscribe: () => () => undefined,
  onConnection: (listener) => {
    listener({ state: 'lost', error: nobody, retryAt: null })
    return () => undefined
  },
}

/**
 * The desktop's way to an owner: attaches to one that runs, else becomes the owner. When the owner it is attached to
 * ends, it attaches to the next one or takes over, by itself.
 */
export async function openDesktopBackend(options: DesktopBackendOptions): Promise<Result<DesktopBackend>> {
  let owned: OwnedBackend | null = null
  let attached: (Transport & { close(): Promise<void> }) | null = null
  let ending = false
  /** Asked after every wait: the desktop may have been closed meanwhile. */
  const isEnding = (): boolean => ending
  let timer: ReturnType<typeof setTimeout> | null = null
  let looking: Promise<boolean> | null = null
  let stopWatching: () => void = () => undefined

  async function attach(): Promise<Transport | null> {
    const socket = options.ownerSocket()
    if (socket === null) return null
    const candidate = options.connect(socket)
    if ((await candidate.call('app.status', {}, AbortSignal.timeout(answerTakesMs))).ok) {
      attached = candidate
      options.log.info('attached to the Mooring that runs already')
      return candidate
    }
    await candidate.close()
    return null
  }

  async function reach(): Promise<Result<Transport>> {
    const running = await attach()
    if (running !== null) return ok(running)
    const started = await options.becomeOwner()
    if (!started.ok) return started
    owned = started.value
    return ok(owned.transport)
  }

  async function firstReach(): Promise<Result<Transport>> {
    const end = Date.now() + startingTakesMs
    for (;;) {
      const result = await reach()
      // The other owner may still be starting: its lock is taken before its socket answers.
      if (result.ok || result.error.code !== 'data-folder-owned' || Date.now() > end) return result
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  const first = await firstReach()
  if (!first.ok) return first
  const transport = createSwitchableTransport(first.value)

  function watch(current: Transport): void {
    stopWatching()
    stopWatching = () => undefined
    if (owned !== null) {
      const mine = owned
      mine.onLost(() => drop(lose(mine), 'the next look finds the new owner'))
      return
    }
    stopWatching = current.onConnection((state) => {
      if (state.state === 'lost') schedule()
    })
  }

  /** Our own core lost the data folder: it must stop using it at once, and whoever has it now is looked for. */
  async function lose(mine: OwnedBackend): Promise<void> {
    if (isEnding() || owned !== mine) return
    options.log.warn('the data folder has another owner now')
    owned = null
    transport.switchTo(nobodyThere)
    await mine.close()
    schedule()
  }

  function schedule(): void {
    if (isEnding() || timer !== null || looking !== null) return
    timer = setTimeout(() => {
      timer = null
      looking = again().finally(() => {
        looking = null
      })
      drop(
        looking.then((found) => {
          if (!found) schedule()
        }),
        'looks again until there is an owner',
      )
    }, lookAgainMs)
  }

  /** True when nothing is left to look for. */
  async function again(): Promise<boolean> {
    if (isEnding() || owned !== null) return true
    const before = attached
    const next = await reach()
    if (!next.ok) {
      options.log.info(`no owner yet: ${next.error.message}`)
      return false
    }
    if (attached === before) attached = null
    transport.switchTo(next.value)
    watch(next.value)
    await before?.close()
    return true
  }

  watch(first.value)
  return ok({
    transport,
    close: async () => {
      ending = true
      if (timer !== null) clearTimeout(timer)
      stopWatching()
      // An owner that is just being started must be ended too.
      await looking
      await owned?.close()
      await attached?.close()
    },
  })
}
