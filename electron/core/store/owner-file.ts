import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

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

export function removeOwner(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true })
}
