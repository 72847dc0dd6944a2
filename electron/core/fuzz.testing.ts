import { appendFileSync } from 'node:fs'

/**
 * How a fuzz spec runs: so many cases unless `MOORING_FUZZ_RUNS` says otherwise, from a seed that is printed and that
 * `MOORING_SPEC_SEED` sets. What fails is made small and printed.
 */
export function fuzzParameters(usualRuns: number): { numRuns: number; seed: number } {
  const numRuns = Number(process.env['MOORING_FUZZ_RUNS'] ?? usualRuns)
  const seed = Number(process.env['MOORING_SPEC_SEED'] ?? Date.now() % 1_000_000)
  console.log(`${numRuns} cases; random seed: MOORING_SPEC_SEED=${seed}`)
  return { numRuns, seed }
}

/** What hostile inputs of one kind met, for people and for docs/fuzz.json. Refused means with a reason, or the spec failed. */
export type FuzzFacts = { runs: number; accepted: number; refused: number; worstMs: number; [more: string]: unknown }

/** Tells what a spec found, and keeps it as a line of JSON in the file that `MOORING_FUZZ_RECORD` names (`npm run fuzz`). */
export function keepFuzzFacts(what: string, facts: FuzzFacts): void {
  const rounded = { what, ...facts, worstMs: Math.round(facts.worstMs) }
  console.log(rounded)
  const file = process.env['MOORING_FUZZ_RECORD']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(rounded)}\n`)
}

/** Bound for what must not take more than a second, in ms: five times as wide, for machines that do other things too. */
export const noHangMs = 5000

/** For the long form, in ms. */
export const fuzzTimeLimitMs = 20 * 60_000
