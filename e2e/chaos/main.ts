import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startHost } from '../support/host.ts'
import { withKubectl } from '../support/main-job.ts'
import { chosenSeed, seededRandom } from '../support/seeded-random.ts'
import { attachTestbed, readDescription, startTestbed } from '../testbed/testbed.ts'
import { partOf, shortSize, wholeSize, type ChaosWorld, type PartResult } from './chaos-part.ts'
import { partNames, parts, type PartName } from './parts.ts'

/**
 * Shows that forwards never lie and never forget, by doing to them what can happen.
 *
 *     npm run chaos -- [--only owner-kills,faults,...] [--seed N] [--minutes N] [--share 0.2] [--short]
 *
 * `--minutes` is how long everything is mixed at the end, `--share` does that part of the whole. The seed is printed, and
 * replays the same choices, of each part by itself as well; what the machine does with them is its own.
 * `MOORING_CHAOS_TESTBED_JSON` names a bed that nobody else uses. Exit code 1 when anything happened that must not.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    share: { type: 'string', default: '1' },
    short: { type: 'boolean', default: false },
  },
})
if (values.seed !== undefined) process.env['MOORING_SPEC_SEED'] = values.seed
const wanted = values.only?.split(',') ?? partNames
const unknown = wanted.filter((name) => !partNames.includes(name as PartName))
if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}; there are ${partNames.join(', ')}`)

const base = values.short ? shortSize : partOf(wholeSize, Number(values.share))
// Never one that others use: whole clusters fail here.
const running = process.env['MOORING_CHAOS_TESTBED_JSON']
await using bed = await (running === undefined
  ? startTestbed({ images: [] })
  : attachTestbed(await readDescription(running)))
if (!bed.containers) throw new Error('chaos needs real containers: run it as root')
const seed = chosenSeed()
const world: ChaosWorld = {
  bed,
  random: seededRandom(seed),
  size: { ...base, mixedMinutes: Number(values.minutes ?? base.mixedMinutes) },
  startHost: (options = {}) => startHost({ ...options, environment: { ...withKubectl(bed), ...options.environment } }),
  say: (words) => console.error(`mooring: ${words}`),
}
const folder = join(import.meta.dirname, '..', '..', 'test-results', 'chaos')
await mkdir(folder, { recursive: true })
const file = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`
const results: Record<string, PartResult & { seconds: number }> = {}
for (const name of partNames.filter((one) => wanted.includes(one))) {
  const began = performance.now()
  world.say(`${name} ...`)
  const result = await parts[name]({ ...world, random: world.random.child(name) }).catch(
    // A part that cannot go on has proven nothing; the others still can.
    (error: unknown): PartResult => ({
      facts: {},
      violations: [`it broke off: ${(error as Error).stack ?? String(error)}`],
    }),
  )
  const seconds = Math.round((performance.now() - began) / 1000)
  results[name] = { ...result, seconds }
  // After each part: an hour's work is not lost with the last of them.
  await writeFile(join(folder, file), JSON.stringify({ seed, size: world.size, parts: results }, null, 2))
  console.log(`\n${name} (${seconds} s): ${result.violations.length === 0 ? 'proven' : 'BROKEN'}`)
  for (const [what, words] of Object.entries(result.facts)) console.log(`  ${what}: ${words}`)
  for (const words of result.violations) console.log(`  MUST NOT HAPPEN: ${words}`)
}
console.log(`\nkept in ${join('test-results', 'chaos', file)}`)
process.exitCode = Object.values(results).every(({ violations }) => violations.length === 0) ? 0 : 1
