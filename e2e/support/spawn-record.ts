import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import type { SeenProcess } from './process-watch.ts'

/**
 * A host started with this environment notes in `file` what it starts itself, however short that lives: a look at the
 * table of processes (process-watch.ts) sees also what those start in turn, but nothing that lives for less than a look.
 */
export function recordSpawns(file: string): Record<string, string> {
  const hook = pathToFileURL(join(import.meta.dirname, 'spawn-record.mjs'))
  hook.searchParams.set('file', file)
  return { NODE_OPTIONS: `--import=${hook.href}` }
}

/** What a host has noted so far. */
export async function recordedSpawns(file: string): Promise<SeenProcess[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SeenProcess)
}
