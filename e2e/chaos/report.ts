import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keepJson } from '../support/kept-docs.ts'
import type { Machine, Source } from '../support/machine.ts'
import type { ChaosSize } from './chaos-part.ts'
import type { PartName } from './parts.ts'
import type { PartRun } from './run-part.ts'

const root = join(import.meta.dirname, '..', '..')

/** What one part brought to light, and of what: parts that stand side by side may be of different runs. */
export type PartReport = Omit<PartRun, 'goesOn'> &
  Source & {
    /** When the run began. */
    at: string
    machine: Machine
    seed: number
    /** How much of each; null: all there are. */
    size: ChaosSize
  }
export type ChaosReport = Partial<Record<PartName, PartReport>>

/** Keeps a run, however far it has come; returns the file, relative to the checkout. */
export async function keepReport(at: string, parts: ChaosReport): Promise<string> {
  const file = join('test-results', 'chaos', `${at.replaceAll(/[:.]/g, '-')}.json`)
  await mkdir(join(root, 'test-results', 'chaos'), { recursive: true })
  await writeFile(join(root, file), JSON.stringify({ parts }, null, 2))
  return file
}

/** Puts the parts of a run into docs/chaos.json; those that did not run stay as they are there. */
export async function writeToDocs(parts: ChaosReport): Promise<void> {
  const file = join(root, 'docs', 'chaos.json')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '{ "parts": {} }'
    throw error
  })
  const before = JSON.parse(text) as { parts: ChaosReport }
  // The stack of a part that broke off names this folder, which is nobody else's.
  const all = JSON.stringify({ parts: { ...before.parts, ...parts } }).replaceAll(`${root}/`, '')
  await keepJson('chaos.json', all)
}
