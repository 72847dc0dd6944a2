import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FuzzFacts } from '../electron/core/fuzz.testing.ts'
import type { Waits } from './support/other-caller.ts'
import { keepJson, keepTable } from './support/kept-docs.ts'
import { describeComputer, describeSource } from './support/machine.ts'
import { chosenSeed } from './support/seeded-random.ts'

/**
 * The long form of the specs of mutated inputs (docs/threat-model.md): 10,000 kubeconfigs, the same in a running host,
 * 10,000 API requests, and 4.1 MB of whatever costs a reader the most.
 *
 *     npm run fuzz -- [--seed N] [--runs N] [--write]
 *
 * `--write` keeps what was found in docs/fuzz.json, and as the table of docs/threat-model.md. Exit code 1 when one was not refused or taken as it must be.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(chosenSeed()) },
    runs: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})
for (const [name, words] of Object.entries({ seed: values.seed, runs: values.runs ?? '1' }))
  if (!/^\d+$/.test(words)) throw new Error(`--${name} takes a whole number, not "${words}"`)
if (values.write && values.runs !== undefined)
  throw new Error('--write keeps what is done in earnest: leave out --runs')

const root = join(import.meta.dirname, '..')
const folder = await mkdtemp(join(tmpdir(), 'mooring-fuzz-'))
const record = join(folder, 'record')
await writeFile(record, '')
const source = await describeSource()
const machine = describeComputer()
const began = new Date()
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const specs = spawn(process.execPath, [vitest, 'run', '--config', 'e2e/vitest.fuzz.config.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    MOORING_FUZZ_RUNS: values.runs ?? '10000',
    MOORING_FUZZ_BYTES: '4100000',
    MOORING_SPEC_SEED: values.seed,
    MOORING_FUZZ_RECORD: record,
  },
})
const [code] = (await once(specs, 'exit')) as [number | null]
const lines = (await readFile(record, 'utf8')).trimEnd().split('\n')
type Found = FuzzFacts & { what: string; overOneSecond?: Record<string, number>; others?: Waits }
const found = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Found)
await rm(folder, { recursive: true })

const seconds = Math.round((Date.now() - began.getTime()) / 1000)
for (const { what, runs, accepted, refused, worstMs } of found)
  console.log(`${what}: ${runs} (${accepted} taken, ${refused} refused), worst ${worstMs} ms`)
console.log(`${seconds} s, seed ${values.seed}: ${code === 0 ? 'proven' : 'BROKEN'}`)

/** The table in its place in docs/threat-model.md. */
async function writeTable(commit: string): Promise<void> {
  const rows = found.map(({ what, runs, accepted, refused, worstMs, overOneSecond, others }) => {
    const slow = Object.entries(overOneSecond ?? {}).map(([name, ms]) => `\`${name}\` ${ms} ms`)
    const beside =
      others === undefined ? '-' : `asked ${others.asked} times: p99 ${others.p99} ms, worst ${others.worst} ms`
    return [what, runs, accepted, refused, `${worstMs} ms`, slow.join(', ') || 'none', beside]
  })
  const head = [
    'hostile inputs',
    'runs',
    'taken',
    'refused with a reason',
    'slowest',
    'over 1 s',
    'somebody else meanwhile',
  ]
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const words = `Commit ${commit}, seed ${values.seed}, ${machine.cores} cores, ${seconds} s:`
  await keepTable('threat-model.md', 'fuzz', `${words}\n\n${table}\n`)
}

if (code === 0 && values.write) {
  const report = { at: began.toISOString(), ...source, machine, seed: Number(values.seed), seconds, found }
  await writeTable(`${source.commit?.slice(0, 7) ?? 'unknown'}${source.dirty ? ' with changes' : ''}`)
  await keepJson('fuzz.json', JSON.stringify(report))
}
process.exitCode = code ?? 1
