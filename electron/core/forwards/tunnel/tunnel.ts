import type { Duplex } from 'node:stream'
import type { CauseCode } from '../../../../contract/causes.ts'
import type { Result } from '../../../../contract/errors.ts'
import type { ClusterConnection } from '../../../../contract/sidecar.ts'

/**
 * Why a tunnel, or one stream of it, ended; `detail` narrows the code, `message` is for people. `next`: what to do, where
 * the source knows better than the usual words of the code; `message` stands with it as it is.
 */
export type TunnelFailure = {
  readonly code: CauseCode
  readonly detail: string | null
  readonly message: string
  readonly next?: string
}

/**
 * What a probe through the tunnel found. `inconclusive`: it may not be asked now (busy child, no spare yet); `hindrance`
 * is what on this machine keeps it from being asked at all.
 */
export type ProbeResult =
  | { readonly kind: 'live'; readonly ms: number }
  | { readonly kind: 'refused'; readonly failure: TunnelFailure }
  | { readonly kind: 'stalled'; readonly ms: number }
  | { readonly kind: 'inconclusive'; readonly why: string; readonly hindrance?: TunnelFailure }

/**
 * Why a stream ended. An end-of-stream says the same whether the pod was done or the tunnel broke, so the engine is asked:
 * `neverReachedPod` is true only where that is proven, and then the client's bytes may go to another stream.
 */
export type StreamVerdict =
  | { readonly kind: 'pod-ended' }
  | { readonly kind: 'tunnel-failed'; readonly failure: TunnelFailure; readonly neverReachedPod: boolean }

/** Whom a stream is for. */
export type StreamClient = {
  /** Its program holds its end no more, so that it can lose nothing; false where that cannot be told. */
  isGone(): Promise<boolean>
}

/**
 * One stream to the pod's port. `verdict` is asked after its end and answers within ms, on a busy machine within 2 s; an
 * engine without it means what the bytes say. An engine may have `receive` in the place of 'data' events, which saves a buffer for each
 * read: the sink says true when it is done with the bytes, and else keeps them and the buffer until `release`.
 */
export type TunnelStream = Duplex & {
  verdict?: () => Promise<StreamVerdict>
  receive?: (sink: (chunk: Buffer) => boolean) => void
  release?: () => void
}

/** What a tunnel tells about itself while it lives. */
export type TunnelEvents = {
  /** Whether its start waits for its turn among others. Not told: it does not. */
  waits(waits: boolean): void
  /** It can carry connections; again after it healed itself. */
  ready(): void
  /** The part that carried connections has ended; another is on its way. `ready` or `lost` follows. */
  reopening(failure: TunnelFailure): void
  /** Bytes arrived from the pod. */
  evidence(): void
  /** Client connections that ended because a part of the tunnel ended; it may live on. */
  connectionsLost(count: number, failure: TunnelFailure): void
  /**
   * It takes no new streams and will not come back; open a new one. Called at most once, not after close().
   * Streams that are still open live on where their part of the engine does (`connections` > 0, `state` draining): let
   * them end by themselves, close() would cut them.
   */
  lost(failure: TunnelFailure): void
  /** A line its engine printed, or a note of ours. Never holds a secret. */
  line(stream: 'stdout' | 'stderr' | 'note', text: string, pid: number | null): void
}

/** Where a tunnel leads: a pod resolved by us, or a name kubectl resolves itself (`svc/NAME`) where we may not look. */
export type TunnelTarget =
  | { readonly kind: 'pod'; readonly name: string; readonly uid: string }
  | { readonly kind: 'reference'; readonly reference: string }

/** What a tunnel is opened for. It stays the same for its whole life: another way is another tunnel. */
export type TunnelRequest = {
  readonly forwardId: string
  readonly portId: string
  /** For logs and the process list: the forward's name. */
  readonly label: string
  readonly namespace: string
  readonly target: TunnelTarget
  /** Port in the pod; a name or service port only with a reference. */
  readonly remote: number | string
  /** The way to the cluster, for each process of its engine; null once the credentials were taken back. */
  readonly connection: () => ClusterConnection | null
}

/** Whose pod may be gone: everybody's, or only that of clients who never heard a word from it. */
export type ClientsInDoubt = 'all' | 'strangers'

/**
 * A way to one port of one pod that carries many TCP connections. The kubectl engine is one implementation; a native
 * one joins later. A tunnel reports, it does not decide: retries and choices belong to the reconciler.
 */
export type Tunnel = {
  readonly request: TunnelRequest
  readonly state: 'opening' | 'ready' | 'draining' | 'closed'
  /** Client streams that are open now. */
  readonly connections: number
  /** Opens one stream to the remote port. Nothing has reached the pod when it fails, so the caller may try elsewhere. */
  open(client?: StreamClient): Promise<Result<TunnelStream, TunnelFailure>>
  /** Asks whether the pod's port answers, without disturbing open connections. Bounded: answers within 4 s. */
  probe(): Promise<ProbeResult>
  /**
   * Asks the pod's port also beside clients that have heard nothing for 10 s: they end if the pod is gone. For when it may be
   * gone, because they end as well where it is there and its port is closed.
   */
  probeBeside(who: ClientsInDoubt): Promise<void>
  /** Takes no new streams, lets open ones end by themselves (at most as long as its engine lives), then closes. */
  drain(): void
  /** Ends everything now; resolves when nothing of it is left. */
  close(): Promise<void>
  /** CPU in percent of one core, resident bytes, pids of its processes; null where the system does not tell. */
  usage(): { cpuPercent: number; memoryBytes: number; pids: number[] } | null
}

/** Opens tunnels; one factory per engine. Never rejects: what goes wrong arrives as `lost`. */
export type TunnelFactory = (request: TunnelRequest, events: TunnelEvents) => Tunnel
