import type { ChaosSize, ChaosWorld, PartResult } from './chaos-part.ts'
import { meetFaults } from './faults.ts'
import { mixAll } from './mixed.ts'
import { troubleNeighbours } from './neighbours.ts'
import { killOwners } from './owner-kills.ts'
import { runSequences } from './reconciler-sequences.ts'
import { rollOut } from './rollouts.ts'
import { killTunnels } from './tunnel-kills.ts'

/** Every part of the proof, by the name that `--only` takes. */
export const parts = {
  'owner-kills': killOwners,
  'tunnel-kills': killTunnels,
  rollouts: rollOut,
  faults: meetFaults,
  neighbours: troubleNeighbours,
  mixed: mixAll,
  reconciler: runSequences,
} satisfies Record<string, (world: ChaosWorld) => Promise<PartResult>>

export type PartName = keyof typeof parts
export const partNames = Object.keys(parts) as PartName[]

/**
 * After so many minutes a part is broken off. About five times what the whole of it takes on two cores (mixed: and twice the
 * time that it is mixed for): no slow machine meets it, and nothing that hangs goes on for ever.
 */
export const mostMinutes = ({ mixedMinutes }: ChaosSize): Record<PartName, number> => ({
  'owner-kills': 25,
  'tunnel-kills': 20,
  rollouts: 25,
  faults: 35,
  neighbours: 90,
  mixed: 30 + 2 * mixedMinutes,
  reconciler: 60,
})
