import { z } from './zod.ts'
import { Cluster, ConnectionTest } from './clusters.ts'
import { Id } from './common.ts'
import { Forward, OutputLine } from './forwards.ts'
import type { Permission } from './permissions.ts'
import { AppStatus, Settings, VaultStatus } from './system.ts'

/**
 * What is pushed. Lists (`clusters`, `forwards`): a snapshot is the whole list, a change one item, gone `{ id }`.
 * Single values: snapshot and change are the value. Streams named with `:` belong to one thing.
 */
export const streams = {
  clusters: { permission: 'clusters:read', item: Cluster, list: true },
  forwards: { permission: 'forwards:read', item: Forward, list: true },
  vault: { permission: 'vault:read', item: VaultStatus, list: false },
  settings: { permission: 'settings:read', item: Settings, list: false },
  app: { permission: 'diagnostics:read', item: AppStatus, list: false },
  'cluster-test': { permission: 'clusters:test', item: ConnectionTest.nullable(), list: false },
  'forward-output': { permission: 'forwards:read', item: z.array(OutputLine), list: false },
} as const satisfies Record<string, { permission: Permission; item: z.ZodType; list: boolean }>

/** What a stream tells about; see {@link streams}. */
export type StreamKind = keyof typeof streams
/** `clusters`, `forwards`, `vault`, `settings`, `app`, `cluster-test:<cluster id>`, `forward-output:<forward id>`. */
export type StreamName =
  Exclude<StreamKind, 'cluster-test' | 'forward-output'> | `${'cluster-test' | 'forward-output'}:${string}`

/** Reads a stream's name; null when there is no such stream. */
export function parseStreamName(name: string): { kind: StreamKind; id: string | null } | null {
  const [kind, id, ...rest] = name.split(':')
  if (kind === undefined || !Object.hasOwn(streams, kind) || rest.length > 0) return null
  const named = kind === 'cluster-test' || kind === 'forward-output'
  if (named !== (id !== undefined)) return null
  if (id !== undefined && !Id.safeParse(id).success) return null
  return { kind: kind as StreamKind, id: id ?? null }
}

/** Client to server. `after`: the last seq seen, so that a reconnect continues where it can. */
export const EventRequest = z.union([
  z.strictObject({ subscribe: z.string().max(100), after: z.int().nonnegative().optional() }),
  z.strictObject({ unsubscribe: z.string().max(100) }),
])
export type EventRequest = z.infer<typeof EventRequest>

/** Server to client. A snapshot comes first and whenever continuity is lost. `forward-output` changes carry new lines only. */
export const EventMessage = z.object({
  stream: z.string(),
  seq: z.int().nonnegative(),
  kind: z.enum(['snapshot', 'change', 'gone']),
  data: z.unknown(),
})
export type EventMessage = z.infer<typeof EventMessage>

/** Between messages the server sends this, so that its clients know that it lives. Times in ms. */
export const heartbeat = { text: '{"beat":true}', everyMs: 3_000, lostAfterMs: 9_000 }
