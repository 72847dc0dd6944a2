import { drop } from '../../../contract/drop.ts'
import type { ToSidecar } from '../../../contract/sidecar.ts'
import type { ChildRegistry } from '../processes/child-registry.ts'

/** One running sidecar. `exited` is called once, also when it could not be started; nothing is called after it. */
export type SidecarProcess = {
  readonly pid: number | null
  /** Lost when the process is gone; its exit follows. */
  send(message: ToSidecar): void
  /** Ends it now. */
  kill(): void
}

export type SidecarEvents = {
  /** It exists; not called when it could not be started. */
  started?(pid: number): void
  message(message: unknown): void
  line(stream: 'stdout' | 'stderr', text: string): void
  exited(how: { code: number | null; signal: string | null; error: string | null }): void
}

/**
 * Starts the sidecar: by `fork` in plain Node, by `utilityProcess` in Electron. Never throws. `environment` is set in
 * addition to what the sidecar always gets.
 */
export type SidecarLauncher = (events: SidecarEvents, environment?: Readonly<Record<string, string>>) => SidecarProcess

/** Puts each sidecar on record before it starts, so that the next start stops one that outlived a killed owner. */
export function registeredLauncher(
  launch: SidecarLauncher,
  registry: Pick<ChildRegistry, 'registerIfPossible'>,
): SidecarLauncher {
  return (events) => {
    // Watching must not end with a full disk; a sidecar also ends by itself when its channel closes.
    const entry = registry.registerIfPossible({ kind: 'sidecar', label: 'sidecar', command: 'sidecar' })
    if (entry === null) return launch(events)
    return launch(
      {
        ...events,
        started: (pid) => drop(entry.started(pid), 'its token is on record, so the next start finds it even without'),
        exited: (how) => {
          entry.forget()
          events.exited(how)
        },
      },
      entry.environment,
    )
  }
}
