import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LogSink } from './log.ts'

export type RotatingFileOptions = {
  readonly path: string
  /** A file this large becomes `path.1`; 5 MiB unless said. */
  readonly mostBytes?: number
  /** How many older files are kept; 3 unless said. */
  readonly keep?: number
}

/**
 * Appends lines to a file that is turned over before it grows too large. Writing never throws: a full disk must not end
 * what is being logged about it.
 */
export class RotatingFile {
  readonly #path: string
  readonly #mostBytes: number
  readonly #keep: number
  #size: number

  constructor(options: RotatingFileOptions) {
    this.#path = options.path
    this.#mostBytes = options.mostBytes ?? 5 * 1024 * 1024
    this.#keep = options.keep ?? 3
    this.#size = sizeOf(options.path)
  }

  append(line: string): void {
    const text = `${line}\n`
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      if (this.#size > 0 && this.#size + text.length > this.#mostBytes) this.#turnOver()
      appendFileSync(this.#path, text, { mode: 0o600 })
      this.#size += Buffer.byteLength(text)
    } catch {
      this.#size = sizeOf(this.#path)
    }
  }

  #turnOver(): void {
    for (let number = this.#keep - 1; number >= 1; number--) {
      const from = `${this.#path}.${number}`
      if (sizeOf(from) > 0) renameSync(from, `${this.#path}.${number + 1}`)
    }
    renameSync(this.#path, `${this.#path}.1`)
    this.#size = 0
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

/** Log entries as lines of a rotating file. */
export function fileSink(options: RotatingFileOptions): LogSink {
  const file = new RotatingFile(options)
  return (entry) =>
    file.append(`${new Date(entry.at).toISOString()} ${entry.level.padEnd(5)} ${entry.area}: ${entry.message}`)
}
