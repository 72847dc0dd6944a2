/** One ready kubectl child, as the choice sees it. */
export type Carrier = {
  /** Open client streams. */
  readonly streams: number
  /** Those of them that would be lost with it. */
  readonly answered: number
  /** A client does not take its bytes, or the pod a client's; kubectl then holds back those of all its streams. */
  readonly blocked: boolean
}

/** One child for clients, one that takes over risky ones, one that stays free for probes. */
export const maxChildren = 3
const maxCarriers = 2

/**
 * Which child a new stream goes to; children in the order of their start. A refused connection ends its kubectl with
 * all that others have open there, so while the port is not `proven` (it took a connection moments ago) the stream goes
 * where it can harm nobody. When every child carries clients already, it goes where the fewest would be lost. A child
 * that one slow client holds up is avoided.
 */
export function chooseChild(children: readonly Carrier[], proven: boolean): number | null {
  if (children.length === 0) return null
  if (proven)
    return Math.max(
      0,
      children.findIndex((child) => !child.blocked),
    )
  const harmless = (child: Carrier): boolean => child.answered === 0
  const carriers = children.filter((child) => child.streams > 0)
  const open = carriers.length < maxCarriers ? children : carriers
  const byHarm = open.toSorted((one, other) => one.answered - other.answered)
  const candidate = open.find(harmless) ?? byHarm.find((child) => !child.blocked) ?? byHarm[0]
  return candidate === undefined ? null : children.indexOf(candidate)
}

/** How many more children to start so that there is a free one for probes while clients are connected. */
export function missingChildren(children: readonly { readonly streams: number }[]): number {
  const busy = children.some((child) => child.streams > 0)
  const free = children.some((child) => child.streams === 0)
  return busy && !free && children.length < maxChildren ? 1 : 0
}
