import { startHost, type HostOptions, type RunningHost } from '../support/host.ts'
import { withKubectl } from '../support/main-job.ts'
import { seededRandom, type SeededRandom } from '../support/seeded-random.ts'
import type { Testbed } from '../testbed/testbed.ts'

/** How much of each part is done: the whole proof, or the short form of `npm test`. */
export type ChaosSize = {
  ownerKills: number
  signals: number
  signalledForwards: number
  rollouts: number
  /** How long a cluster stays away, seconds. */
  outageSeconds: number
  healthyForwards: number
  /** How many of the troubles, drawn by the seed. */
  neighbourTroubles: number
  /** How long each trouble stands beside the healthy ones, seconds. */
  troubleSeconds: number
  mixedMinutes: number
  mixedForwards: number
  reconcilerSequences: number
}

export const wholeSize: ChaosSize = {
  ownerKills: 100,
  signals: 1000,
  signalledForwards: 20,
  rollouts: 20,
  outageSeconds: 60,
  healthyForwards: 29,
  neighbourTroubles: Infinity,
  troubleSeconds: 20,
  mixedMinutes: 20,
  mixedForwards: 30,
  reconcilerSequences: 100_000,
}

/** As often as a share of the whole says, over as many forwards. */
export function partOf(size: ChaosSize, share: number): ChaosSize {
  const times = (count: number): number => Math.max(1, Math.round(count * share))
  return {
    ...size,
    ownerKills: times(size.ownerKills),
    signals: times(size.signals),
    rollouts: times(size.rollouts),
    outageSeconds: times(size.outageSeconds),
    troubleSeconds: times(size.troubleSeconds),
    mixedMinutes: size.mixedMinutes * share,
    reconcilerSequences: times(size.reconcilerSequences),
  }
}

export const shortSize: ChaosSize = {
  ownerKills: 4,
  signals: 24,
  signalledForwards: 6,
  rollouts: 1,
  outageSeconds: 3,
  healthyForwards: 5,
  neighbourTroubles: 6,
  troubleSeconds: 2,
  mixedMinutes: 0.15,
  mixedForwards: 6,
  reconcilerSequences: 2000,
}

export type ChaosWorld = {
  /** A bed of its own: whole clusters fail here. */
  bed: Testbed
  random: SeededRandom
  size: ChaosSize
  /** The built host with the bed's kubectl. */
  startHost: (options?: HostOptions) => Promise<RunningHost>
  /** A progress line for the person who waits. */
  say: (words: string) => void
}

/** `seed`: without it `MOORING_SPEC_SEED`, or another one each time; it is printed. */
export function makeWorld(bed: Testbed, options: Pick<ChaosWorld, 'size' | 'say'> & { seed?: number }): ChaosWorld {
  const { size, say, seed } = options
  return {
    bed,
    random: seededRandom(seed),
    size,
    startHost: (host = {}) => startHost({ ...host, environment: { ...withKubectl(bed), ...host.environment } }),
    say,
  }
}

export type PartResult = {
  /** What was measured, by name, in words. */
  facts: Record<string, string>
  /** What must not happen and did; empty: the part is proven. */
  violations: string[]
}
