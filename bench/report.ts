import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keepJson, keepTable } from '../e2e/support/kept-docs.ts'
import type { Machine, Source } from '../e2e/support/machine.ts'
import { spread, takenOf, type Row } from './figures.ts'

const root = join(import.meta.dirname, '..')

export type Report = Source & {
  at: string
  rounds: number
  machine: Machine
  rows: Row[]
}

export const isMet = ({ met }: Row): string => (met === null ? '' : met ? 'yes' : 'NO')

/** The table as Markdown, with the facts that it depends on. */
export function toMarkdown({ at, commit, dirty, rounds, machine, rows }: Report): string {
  const lines = rows.map((row) => {
    const { what, against, unit, ours, theirs, figure, goal } = row
    const measured = (values: readonly number[] | null): string => (values === null ? '-' : `${spread(values)} ${unit}`)
    const cells = [what, takenOf(row), measured(ours), measured(theirs), against ?? '-', figure, goal, isMet(row)]
    return cells.join(' | ')
  })
  const { cores, processor, memoryGiB, kernel, node, kubectl, loadBefore } = machine
  return [
    `Measured ${at.slice(0, 10)} at commit ${commit?.slice(0, 10) ?? 'unknown'}${dirty ? ' with changes' : ''}: ${cores} cores (${processor}), ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, ` +
      `kubectl and Kubernetes ${kubectl}; ${rounds} rounds; load of the machine before the run ${loadBefore}. ` +
      'Client, host, kubectl and the whole cluster share these cores.',
    '',
    'Ours and theirs: median (lowest to highest) of what the column "taken" says. Figure: in rounds, each of ours is compared ' +
      'with the one of theirs that ran beside it, and the figure is the median of these ratios or differences; so it is ' +
      'not what the two medians would give. Percentiles are by nearest rank; of fewer than 20 the worst is named instead.',
    '',
    '| what | taken | ours | theirs | theirs is | figure | goal | met |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines.map((line) => `| ${line} |`),
    '',
  ].join('\n')
}

/** Keeps the run; returns the file, relative to the checkout. */
export async function keepReport(report: Report): Promise<string> {
  const file = join('test-results', 'bench', `${report.at.replaceAll(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'test-results', 'bench'), { recursive: true })
  await writeFile(join(root, file), toJson(report))
  return file
}

/** Times to the microsecond, bytes to the bit: more digits are noise. */
const toJson = (report: Report): string =>
  JSON.stringify(report, (_, value: unknown) => (typeof value === 'number' ? Number(value.toFixed(3)) : value), 2)

/** Puts the table in its place in docs/performance.md, the words around it stay; and what it was made of beside it. */
export async function writeToDocs(report: Report): Promise<void> {
  await keepTable('performance.md', 'bench', toMarkdown(report))
  await keepJson('bench.json', toJson(report))
}
