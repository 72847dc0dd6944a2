import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { DataFolder } from './data-folder.ts'

/** Who owns a data folder and how to reach it; written by the owner, read by whoever wants to attach. */
export const OwnerInfo = z.object({
  pid: z.int(),
  shell: z.enum(['desktop', 'host']),
  version: z.string(),
  /** Null until the local socket answers. */
  socketPath: z.string().nullable(),
  url: z.string().nullable(),
  startedAt: z.int(),
})
export type OwnerInfo = z.infer<typeof OwnerInfo>

const fileName = 'owner.json'

/** What the owner wrote; null when there is none. It may be of an owner that died: only an answer on the socket proves it. */
export function readOwner(dataDir: string): OwnerInfo | null {
  try {
    const parsed = OwnerInfo.safeParse(JSON.parse(readFileSync(join(dataDir, fileName), 'utf8')))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

/** Written whole or not at all. */
export function writeOwner(dataDir: string, info: OwnerInfo): void {
  const path = join(dataDir, fileName)
  writeFileSync(`${path}.new`, `${JSON.stringify(info)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Removes what {@link writeOwner} wrote. */
export function removeOwner(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true })
}

/** Longest path a unix socket may have, with room for the terminating zero (Linux: 108, macOS: 104 bytes). */
const longestSocketPath = 100

/** Where an owner listens for those who attach: in the data folder, or in a folder of ours with a shorter name. */
export function localSocketPath(folder: DataFolder): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\mooring-${randomBytes(16).toString('hex')}`
  const path = folder.file('mooring.sock')
  if (Buffer.byteLength(path) <= longestSocketPath) return path
  const short = join(tmpdir(), `mooring-${randomBytes(8).toString('hex')}`)
  mkdirSync(short, { mode: 0o700 })
  return join(short, 'mooring.sock')
}
