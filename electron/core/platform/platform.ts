import { createDarwinPlatform } from './darwin.ts'
import { createLinuxPlatform } from './linux.ts'
import { createWindowsPlatform } from './win32.ts'

/** A process that holds a socket; `process` is its program name, or its command line where that says more. */
export type SocketOwner = { readonly pid: number; readonly process: string }

/** What the system tells about one process. */
export type ProcessFacts = {
  /**
   * When it started, in a form that only this system's own answers are compared with (Linux: field 22 of
   * /proc/PID/stat). With the pid it names one process; a pid alone is used again.
   */
  readonly startTime: string
  /** `dead`: ended but not yet collected by its parent (a zombie), so nothing of it runs. */
  readonly state: 'running' | 'stopped' | 'dead'
  /** Processor time used so far, ms. */
  readonly cpuMs: number
  readonly rssBytes: number
}

/** A process found by its owner token. */
export type TokenHolder = {
  readonly pid: number
  readonly group: number | null
  readonly startTime: string
  readonly token: string
}

/** What differs between operating systems. Nothing here throws: what the system does not tell is null. */
export type Platform = {
  readonly name: 'linux' | 'darwin' | 'win32'
  /** True when children die with us by themselves, also after SIGKILL. */
  readonly childrenDieWithUs: boolean
  /** True when a child's secret file can be passed as an open descriptor without a name. */
  readonly unlinkedFiles: boolean
  /** What to start so that the command dies with us; the pid stays the command's. */
  childWrapper(command: string, args: readonly string[]): { command: string; args: string[] }
  /**
   * Who listens on a local TCP port at that address (also through the wildcard address). `likely` pids are asked first,
   * which is much cheaper when one of them is right.
   */
  ownerOfPort(address: string, port: number, likely?: readonly number[]): Promise<SocketOwner | null>
  /**
   * Who holds the end of a loopback connection whose own port is `localPort` and whose peer's is `peerPort`.
   * `likely` pids are asked first, which is much cheaper when one of them is right.
   */
  ownerOfConnection(localPort: number, peerPort: number, likely?: readonly number[]): Promise<SocketOwner | null>
  /** The last known facts, at once, for showing; where asking takes long they are up to a few seconds old. */
  processFacts(pid: number): ProcessFacts | null
  /** Its state alone, cheap enough to be asked for each connection; who is gone is `dead`. Null: the system does not tell. */
  processState(pid: number): ProcessFacts['state'] | null
  /**
   * True while none of its threads has anything to do; null where it is gone or the system does not tell. Also true while
   * it ends, so ask `processState` afterwards.
   */
  rests(pid: number): boolean | null
  /** The facts now, for decisions. */
  inspect(pid: number): Promise<ProcessFacts | null>
  /** Processes of ours whose environment holds `MOORING_CHILD_TOKEN` with one of these values; null: it cannot be said. */
  findTokenHolders(tokens: ReadonlySet<string>): Promise<TokenHolder[] | null>
  /** Changes at every boot; empty where the system has no such thing. */
  bootId(): string
  /** Asks a child's whole group to end (`force`: ends it). True when somebody was there to hear it. */
  signalTree(pid: number, force: boolean): boolean
}

/** What this system can tell. */
export function createPlatform(os: NodeJS.Platform = process.platform): Platform {
  if (os === 'darwin') return createDarwinPlatform()
  if (os === 'win32') return createWindowsPlatform()
  return createLinuxPlatform()
}
