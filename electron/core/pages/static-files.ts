import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
}

export type StaticFile = { body: Buffer; type: string; immutable: boolean }

/** Reads a file of the built renderer. Null: not there, or not below the folder. Only known kinds of files are served. */
export async function readStaticFile(folder: string, pathname: string): Promise<StaticFile | null> {
  let decoded: string
  try {
    decoded = decodeURIComponent(pathname)
  } catch {
    return null
  }
  const relative = normalize(decoded === '/' ? '/index.html' : decoded)
  const path = join(folder, relative)
  const type = types[extname(path)]
  if (type === undefined || relative.includes('\0') || !path.startsWith(folder + sep)) return null
  try {
    // Vite's asset names carry a hash of their contents.
    return { body: await readFile(path), type, immutable: relative.startsWith(`${sep}assets${sep}`) }
  } catch {
    return null
  }
}
