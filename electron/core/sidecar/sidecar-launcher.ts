import type { ToSidecar } from '../../../contract/sidecar.ts'

/** One running sidecar. `exited` is called once, also when it could not be started; nothing is called after it. */
export type SidecarProcess = {
  readonly pid: number | null
  /** Lost when the process is gone; its exit follows. */
  send(message: ToSidecar): void
  /** Ends it now. */
  kill(): void
}

export type SidecarEvents = {
  message(message: unknown): void
  line(stream: 'stdout' | 'stderr', text: string): void
  exited(how: { code: number | null; signal: string | null; error: string | null }): void
}

/** Starts the sidecar: by `fork` in plain Node, by `utilityProcess` in Electron. Never throws. */
export type SidecarLauncher = (events: SidecarEvents) => SidecarProcess
