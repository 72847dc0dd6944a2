import { parseArgs } from 'node:util'
import { describeMachine, describeSource } from '../support/machine.ts'
import { chosenSeed } from '../support/seeded-random.ts'
import { attachTestbed, readDescription, startTestbed } from '../testbed/testbed.ts'
import { makeWorld, partOf, shortSize, wholeSize, type ChaosSize } from './chaos-part.ts'
import { mostMinutes, partNames, parts, type PartName } from './parts.ts'
import { keepReport, writeToDocs, type ChaosReport } from './report.ts'
import { runPart } from './run-part.ts'

/**
 * Shows that forwards never lie and never forget, by doing to them what can happen.
 *
 *     npm run chaos -- [--only owner-kills,faults,...] [--seed N] [--minutes N] [--share 0.2] [--short] [--write]
 *
 * `--minutes` is how long everything is mixed at the end, `--share` does that part of the whole. The seed is printed, and
 * replays the same choices, of each part by itself as well; what the machine does with them is its own. `--write` puts what
 * the parts brought to light into docs/chaos.json, where parts that did not run stay as they are.
 * `MOORING_CHAOS_TESTBED_JSON` names a bed that nobody else uses. Exit code 1 when anything happened that must not.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    share: { type: 'string' },
    short: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const wanted = values.only?.split(',') ?? partNames
const unknown = wanted.filter((name) => !partNames.includes(name as PartName))
if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}; there are ${partNames.join(', ')}`)
if (values.short && values.share !== undefined) throw new Error('--short has its own size: leave out --share')
if (values.write && (values.short || values.share !== undefined || values.minutes !== undefined))
  throw new Error('--write keeps what is done in earnest: leave out --short, --share and --minutes')

/** How much of something. Of what is no number, nothing would be done, and nothing could go wrong. */
function amount(name: 'minutes' | 'share'): number | null {
  const words = values[name]
  if (words === undefined) return null
  const number = Number(words)
  if (!(number > 0 && number < Infinity)) throw new Error(`--${name} takes a number above 0, not "${words}"`)
  return number
}
if (values.seed !== undefined && !/^\d+$/.test(values.seed))
  throw new Error(`--seed takes a whole number, not "${values.seed}"`)

const base = values.short ? shortSize : partOf(wholeSize, amount('share') ?? 1)
const size: ChaosSize = { ...base, mixedMinutes: amount('minutes') ?? base.mixedMinutes }
const seed = values.seed === undefined ? chosenSeed() : Number(values.seed)
const source = await describeSource()
// Never one that others use: whole clusters fail here.
const running = process.env['MOORING_CHAOS_TESTBED_JSON']
const bed = await (running === undefined ? startTestbed({ images: [] }) : attachTestbed(await readDescription(running)))
if (!bed.containers) {
  await bed.close()
  throw new Error('chaos needs real containers: run it as root')
}
const machine = await describeMachine(bed.kubectl)
const world = makeWorld(bed, { size, seed, say: (words) => console.error(`mooring: ${words}`) })
const at = new Date().toISOString()
const report: ChaosReport = {}
let file = ''
for (const name of partNames.filter((one) => wanted.includes(one))) {
  world.say(`${name} ...`)
  const limitMs = mostMinutes(size)[name] * 60_000
  const { goesOn, ...result } = await runPart(parts[name], { ...world, random: world.random.child(name) }, limitMs)
  report[name] = { at, ...source, machine, seed, size, ...result }
  // After each part: an hour's work is not lost with the last of them.
  file = await keepReport(at, report)
  console.log(`\n${name} (${result.seconds} s): ${result.violations.length === 0 ? 'proven' : 'BROKEN'}`)
  for (const [what, words] of Object.entries(result.facts)) console.log(`  ${what}: ${words}`)
  for (const words of result.violations) console.log(`  MUST NOT HAPPEN: ${words}`)
  if (!goesOn) continue
  console.log(`\n${name} does not end, so that nothing else can run`)
  break
}
console.log(`\nkept in ${file}`)
if (values.write) await writeToDocs(report)
await bed.close()
// A part that broke off may have left clients that ask for ever.
process.exit(Object.values(report).every(({ violations }) => violations.length === 0) ? 0 : 1)
