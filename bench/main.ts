import { parseArgs } from 'node:util'
import { withKubectl } from '../e2e/support/main-job.ts'
import { startHost } from '../e2e/support/host.ts'
import { describeMachine, describeSource } from '../e2e/support/machine.ts'
import { attachTestbed, readDescription, startTestbed, type Testbed } from '../e2e/testbed/testbed.ts'
import { benchConnections, benchThroughput } from './data-plane.ts'
import { spread, takenOf, type Row } from './figures.ts'
import { benchKubeconfigPreview } from './kubeconfig-preview.ts'
import { benchManyClusters } from './many-clusters.ts'
import { benchRecovery } from './recovery.ts'
import { isMet, keepReport, writeToDocs, type Report } from './report.ts'
import { benchIdle, benchMemory } from './resources.ts'
import { benchStartUp } from './start-up.ts'
import type { BenchWorld } from './world.ts'

/**
 * Times what users wait for, side by side with what they use today, in one run.
 *
 *     npm run bench -- [--only throughput,connections,...] [--rounds N] [--write]
 *     npm run bench -- --only connections --profile
 *
 * `--write` puts the table into docs/performance.md and what it was made of into docs/bench.json; the figures of every run
 * are kept as JSON. `--deletions`, `--idle-seconds` and `--mebibytes` make parts of it shorter. `--profile` prints where
 * the owner's processor time goes with short connections. `MOORING_TESTBED_JSON` names a running test bed; without it one
 * is started.
 */
const parts = {
  throughput: benchThroughput,
  connections: benchConnections,
  memory: benchMemory,
  'start-up': benchStartUp,
  recovery: benchRecovery,
  'many-clusters': benchManyClusters,
  idle: benchIdle,
  preview: (world: BenchWorld) => benchKubeconfigPreview(world.rounds),
}
type Part = keyof typeof parts

/** How much of each, unless said otherwise. */
const whole = { rounds: 7, mebibytes: 256, deletions: 100, 'idle-seconds': 60 }
type Amount = keyof typeof whole

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string' },
    mebibytes: { type: 'string' },
    deletions: { type: 'string' },
    'idle-seconds': { type: 'string' },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const names = Object.keys(parts) as Part[]
const wanted = values.only?.split(',') ?? names
const unknown = wanted.filter((name) => !names.includes(name as Part))
if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}; there are ${names.join(', ')}`)
if (values.write && wanted.length < names.length)
  throw new Error('--write takes the whole table: leave out --only, or leave out --write')

const smaller = (Object.keys(whole) as Amount[]).filter((name) => values[name] !== undefined)
if (values.write && smaller.length > 0)
  throw new Error(`--write takes all of everything: leave out --${smaller.join(', --')}, or leave out --write`)

/** How much of something: `--rounds 3`. */
function amount(name: Amount): number {
  const number = Number(values[name] ?? whole[name])
  if (!(number >= 1)) throw new Error(`--${name} takes a number from 1 on, not "${values[name]}"`)
  return number
}

async function testbed(): Promise<Testbed> {
  const running = process.env['MOORING_TESTBED_JSON']
  if (running !== undefined && running !== '') return attachTestbed(await readDescription(running))
  return startTestbed({ images: [] })
}

const print = (row: Row): void => {
  const theirs = row.theirs === null ? '' : `, ${row.against ?? ''}: ${spread(row.theirs)}`
  console.log(
    `${row.what} (${takenOf(row)}): ours ${spread(row.ours)} ${row.unit}${theirs}; ${row.figure}, goal ${row.goal} ${isMet(row)}`,
  )
}

await using bed = await testbed()
if (!bed.containers) {
  console.error('did not run: everything but the preview, because without root the test bed has no containers')
  if (values.write) throw new Error('--write takes the whole table: run it as root')
}
const machine = await describeMachine(bed.kubectl)
const world: BenchWorld = {
  bed,
  rounds: amount('rounds'),
  mebibytes: amount('mebibytes'),
  deletions: amount('deletions'),
  idleSeconds: amount('idle-seconds'),
  profile: values.profile,
  startHost: (options = {}) => startHost({ ...options, environment: { ...withKubectl(bed), ...options.environment } }),
}
const source = await describeSource()
const report: Report = { at: new Date().toISOString(), ...source, rounds: world.rounds, machine, rows: [] }
for (const name of names) {
  if (!wanted.includes(name) || (!bed.containers && name !== 'preview')) continue
  const began = performance.now()
  const rows = await parts[name](world)
  rows.forEach(print)
  report.rows.push(...rows)
  console.error(`mooring: ${name} took ${((performance.now() - began) / 1000).toFixed(0)} s`)
}
console.log(`figures kept in ${await keepReport(report)}`)
if (values.write) await writeToDocs(report)
const missed = report.rows.filter(({ met }) => met === false)
console.log(missed.length === 0 ? 'every goal met' : `goals missed: ${missed.map(({ what }) => what).join('; ')}`)
