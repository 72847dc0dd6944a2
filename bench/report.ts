import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { format } from 'prettier'
import { spread, type Row } from './figures.ts'

const root = join(import.meta.dirname, '..')

/** What the figures depend on; nothing that names the machine. */
export type Machine = {
  cores: number
  processor: string
  memoryGiB: number
  kernel: string
  node: string
  kubectl: string
  /** Runnable processes of everybody else when the run began: what disturbed it. */
  loadBefore: number
}

export type Report = { at: string; rounds: number; machine: Machine; rows: Row[] }

export async function describeMachine(kubectl: string): Promise<Machine> {
  const { stdout } = await promisify(execFile)(kubectl, ['version', '--client', '-o', 'json'])
  const { clientVersion } = JSON.parse(stdout) as { clientVersion: { gitVersion: string } }
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? '',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release().split('-')[0] ?? '',
    node: process.version,
    kubectl: clientVersion.gitVersion,
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(1)),
  }
}

export const isMet = ({ met }: Row): string => (met === null ? '' : met ? 'yes' : 'NO')

/** The table as Markdown, with the facts that it depends on. */
export function toMarkdown({ at, rounds, machine, rows }: Report): string {
  const cells = rows.map((row) => {
    const { what, against, unit, ours, theirs, figure, goal } = row
    const measured = (values: readonly number[] | null): string => (values === null ? '-' : `${spread(values)} ${unit}`)
    return [what, measured(ours), measured(theirs), against ?? '-', figure, goal, isMet(row)].join(' | ')
  })
  const { cores, processor, memoryGiB, kernel, node, kubectl, loadBefore } = machine
  return [
    `Measured ${at.slice(0, 10)}: ${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, ` +
      `kubectl and Kubernetes ${kubectl}; ${rounds} rounds; load of the machine before the run ${loadBefore}. ` +
      'Client, host, kubectl and the whole cluster share these cores. Median (lowest to highest).',
    '',
    '| what | ours | theirs | theirs is | figure | goal | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...cells.map((line) => `| ${line} |`),
    '',
  ].join('\n')
}

/** Keeps the run; returns the file, relative to the checkout. */
export async function keepReport(report: Report): Promise<string> {
  const file = join('test-results', 'bench', `${report.at.replaceAll(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'test-results', 'bench'), { recursive: true })
  await writeFile(join(root, file), JSON.stringify(report, null, 2))
  return file
}

const begin = '<!-- bench: begin -->'
const end = '<!-- bench: end -->'

/** Puts the table in its place in docs/performance.md; the words around it stay. */
export async function writeToDocs(report: Report): Promise<void> {
  const file = join(root, 'docs', 'performance.md')
  const text = await readFile(file, 'utf8')
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${file} has no place for the table`)
  const options = { parser: 'markdown', printWidth: 120 }
  await writeFile(file, await format(`${before}${begin}\n\n${toMarkdown(report)}\n${end}${after}`, options))
}
