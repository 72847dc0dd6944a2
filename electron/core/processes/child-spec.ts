export type ChildKind = 'kubectl' | 'credential-command' | 'sidecar' | 'probe-command'

/** What to start. There is never a shell between; stdin is closed. */
export type ChildSpec = {
  readonly kind: ChildKind
  /** For logs and the registry: the forward's or cluster's name. Never a secret. */
  readonly label: string
  /** A full path, or a name that is looked up in the child's PATH. */
  readonly command: string
  /** Builds the arguments; `secretPath` is where the child finds `secret`, null without one. No argument is a secret. */
  readonly args: (secretPath: string | null) => string[]
  /** Set in addition to what `childEnvironment` lets through. */
  readonly environment: Record<string, string>
  /** Becomes a file that only this child can read. It is taken over: cleared once written, whatever happens. */
  readonly secret?: Buffer
  /** A line of output, what looks like a secret already masked. Not called for stdout when it is collected. */
  readonly onLine: (stream: 'stdout' | 'stderr', text: string, pid: number) => void
  /** Stops it after so many ms; the exit then says `timedOut`. */
  readonly timeoutMs?: number
  /** Told true when others come first, and false when its turn has come; not at all when that is at once. */
  readonly onWaits?: (waits: boolean) => void
  /** Gives up waiting for its turn, or stops it. */
  readonly signal?: AbortSignal
  /** Largest collected output in bytes; more stops the child. Default 1 MiB. */
  readonly maxOutputBytes?: number
  /** Keeps stdout as bytes for the taker of the exit, who clears them. */
  readonly collect?: boolean
  /** `tunnels`: counts against the limits and waits its turn (default for kubectl); `none`: starts at once. */
  readonly queue?: 'tunnels' | 'none'
  /** Whose start it is (a cluster's id): groups take turns in the queue. */
  readonly group?: string
  readonly workingDirectory?: string
}

/** How a child ended. */
export type ChildExit = {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Up to 50 lines, oldest first. */
  readonly lastLines: string[]
  readonly stdout?: Buffer
  readonly timedOut: boolean
  /** It wrote more than `maxOutputBytes` and was stopped. */
  readonly outputTooLarge: boolean
}

/** A running child of ours. */
export type OwnedChild = {
  readonly pid: number
  /** ms since the epoch. */
  readonly startedAt: number
  /** Settles when the process is gone and its output read; never rejects. */
  readonly exited: Promise<ChildExit>
  /** It does its work: the next start may begin. Without it a start counts as going on for up to 10 s. */
  started(): void
  /** Asks the group to end, after 5 s ends it, waits until it is gone. */
  stop(): Promise<ChildExit>
  /** The child has read its secret file: remove what is left of it. */
  releaseSecret(): void
}
