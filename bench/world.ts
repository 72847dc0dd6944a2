import type { RunningHost, HostOptions } from '../e2e/support/host.ts'
import type { Testbed } from '../e2e/testbed/testbed.ts'

/** What every measurement gets. */
export type BenchWorld = {
  bed: Testbed
  /** How often each figure is taken. */
  rounds: number
  /** Bytes moved in one round of a throughput figure. */
  mebibytes: number
  /** How often a pod is deleted under its clients. */
  deletions: number
  /** How long idle forwards are watched, each time. */
  idleSeconds: number
  /** Print where the owner's processor time goes while it carries short connections; it disturbs their figures. */
  profile: boolean
  /** The built host, with the bed's kubectl first in its PATH. */
  startHost: (options?: HostOptions) => Promise<RunningHost>
}
