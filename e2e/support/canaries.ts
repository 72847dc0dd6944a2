import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Secrets to look for, by what they are. */
export type Canaries = Readonly<Record<string, string>>

/** How a secret may be written: as it is, as base64 in each of its three positions, as UTF-16. */
function writings(secret: string): Buffer[] {
  const bytes = Buffer.from(secret)
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    // The first and last characters depend on the neighbours.
    return Buffer.from(text.slice(shift === 0 ? 0 : 4, -4))
  })
  return [bytes, ...encoded, Buffer.from(secret, 'utf16le')]
}

/** The names of the canaries that occur in these bytes. */
export function canariesIn(bytes: Buffer | string, canaries: Canaries): string[] {
  const haystack = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  return Object.entries(canaries)
    .filter(([, secret]) => writings(secret).some((writing) => haystack.includes(writing)))
    .map(([name]) => name)
}

/** Which file below a folder holds which canary: `path: name`. Files that go away meanwhile hold nothing. */
export async function canariesBelow(folder: string, canaries: Canaries): Promise<string[]> {
  const found: string[] = []
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name)
    try {
      if (!(await stat(path)).isFile()) continue
      found.push(...canariesIn(await readFile(path), canaries).map((canary) => `${path}: ${canary}`))
    } catch (error) {
      if (!['ENOENT', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  return found
}
