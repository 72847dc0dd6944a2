import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Keeps the entry that makes a Linux session start Mooring: `entry` is its text, null removes it. One that says so
 * already is left untouched; one that says otherwise (the program has moved) is put right. Throws where the folder
 * cannot be written.
 */
export function keepAutostartFile(folder: string, entry: string | null): void {
  const path = join(folder, 'mooring.desktop')
  if (entry === null) {
    rmSync(path, { force: true })
    return
  }
  if (textOf(path) === entry) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, entry, { mode: 0o644 })
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
