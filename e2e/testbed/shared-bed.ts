import { inject } from 'vitest'
import type { BedDescription } from './description.ts'

/**
 * The bed that the spec files of this worker share, one after the other. Files that run at the same time never do, so
 * that each may break a whole cluster of it, if only it undoes that again.
 */
export function sharedBed(): BedDescription {
  const beds = inject('testbeds')
  // Vitest numbers its workers from 1.
  const bed = beds[(Number(process.env['VITEST_POOL_ID'] ?? 1) - 1) % beds.length]
  if (bed === undefined) throw new Error('no test bed was started')
  return bed
}
