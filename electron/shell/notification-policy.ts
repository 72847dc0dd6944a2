import type { Forward } from '../../contract/forwards.ts'

/** What a notification says. */
export type Notice = { title: string; body: string }

type Seen = { state: Forward['state']; wasLive: boolean }

export type NotificationMemory = {
  readonly seen: ReadonlyMap<string, Seen>
  /** Forwards whose loss was told, or will be, and whose recovery is worth telling. */
  readonly lost: ReadonlyMap<string, string>
  readonly pendingLost: ReadonlyMap<string, { name: string; since: number; message: string }>
  readonly pendingBack: ReadonlyMap<string, string>
  readonly lastAt: number
}

export const emptyMemory: NotificationMemory = {
  seen: new Map(),
  lost: new Map(),
  pendingLost: new Map(),
  pendingBack: new Map(),
  lastAt: Number.NEGATIVE_INFINITY,
}

/** A short gap (a rollout) is nobody's business: only what lasts this long is told. */
export const tellAfterMs = 5000
/** At most one notification in this time; what gathers meanwhile is told together. */
export const atMostEveryMs = 30_000

/** Takes in the state of a forward. Pure. */
export function observe(memory: NotificationMemory, forward: Forward, now: number): NotificationMemory {
  const before = memory.seen.get(forward.id)
  const live = forward.state === 'live'
  const down = forward.state === 'recovering' || forward.state === 'holding'
  const seen = new Map(memory.seen).set(forward.id, {
    state: forward.state,
    wasLive: live || (before?.wasLive === true && down),
  })
  const pendingLost = new Map(memory.pendingLost)
  const pendingBack = new Map(memory.pendingBack)
  const lost = new Map(memory.lost)
  if (down && before?.wasLive === true && !lost.has(forward.id)) {
    const since = pendingLost.get(forward.id)?.since ?? now
    pendingLost.set(forward.id, { name: forward.name, since, message: forward.cause?.message ?? '' })
    pendingBack.delete(forward.id)
  } else if (!down) {
    pendingLost.delete(forward.id)
    if (live && lost.has(forward.id)) pendingBack.set(forward.id, forward.name)
    if (forward.state !== 'starting') lost.delete(forward.id)
  }
  return { ...memory, seen, lost, pendingLost, pendingBack }
}

/** Forgets a forward that was removed. Pure. */
export function forget(memory: NotificationMemory, id: string): NotificationMemory {
  const without = <V>(map: ReadonlyMap<string, V>): Map<string, V> => new Map([...map].filter(([key]) => key !== id))
  return {
    ...memory,
    seen: without(memory.seen),
    lost: without(memory.lost),
    pendingLost: without(memory.pendingLost),
    pendingBack: without(memory.pendingBack),
  }
}

const names = (list: readonly string[]): string =>
  list.length <= 3 ? list.join(', ') : `${list.slice(0, 3).join(', ')} and ${list.length - 3} more`

/** What is due now, as at most one notice, and the memory after it was shown. Pure. */
export function due(memory: NotificationMemory, now: number): { notice: Notice | null; memory: NotificationMemory } {
  if (now - memory.lastAt < atMostEveryMs) return { notice: null, memory }
  const old = [...memory.pendingLost].filter(([, entry]) => now - entry.since >= tellAfterMs)
  const back = [...memory.pendingBack.values()]
  if (old.length === 0 && back.length === 0) return { notice: null, memory }
  const first = old[0]?.[1]
  const lostWords =
    first === undefined
      ? null
      : old.length === 1
        ? { title: `${first.name} is not live`, body: first.message }
        : { title: `${old.length} forwards are not live`, body: names(old.map(([, entry]) => entry.name)) }
  const backWords =
    back.length === 0
      ? null
      : {
          title: back.length === 1 ? `${back[0] ?? ''} is live again` : `${back.length} forwards are live again`,
          body: names(back),
        }
  const notice =
    lostWords === null || backWords === null
      ? (lostWords ?? backWords)
      : { title: lostWords.title, body: `${lostWords.body}\n${backWords.title}` }
  const told = new Set(old.map(([id]) => id))
  return {
    notice,
    memory: {
      ...memory,
      lastAt: now,
      lost: new Map([...memory.lost, ...old.map(([id, entry]) => [id, entry.name] as const)]),
      pendingLost: new Map([...memory.pendingLost].filter(([id]) => !told.has(id))),
      pendingBack: new Map(),
    },
  }
}
