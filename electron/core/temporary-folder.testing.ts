import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder of the running test, open to nobody else; it goes when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spec-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
