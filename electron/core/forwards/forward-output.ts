import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { OutputLine } from '../../../contract/forwards.ts'
import { RotatingFile } from '../log-file.ts'
import { redact } from '../redact.ts'

const keptLines = 2000

/** What the engine of each forward printed: the last lines in memory, all of them in a file that is turned over. */
export class ForwardOutput {
  readonly #folder: string
  readonly #now: () => number
  readonly #lines = new Map<string, OutputLine[]>()
  readonly #files = new Map<string, RotatingFile>()
  #seq = 0

  constructor(options: { folder: string; now: () => number }) {
    this.#folder = options.folder
    this.#now = options.now
  }

  add(forwardId: string, stream: OutputLine['stream'], text: string, pid: number | null): OutputLine {
    this.#seq += 1
    const line = { seq: this.#seq, at: this.#now(), stream, text: redact(text), pid }
    const lines = this.#lines.get(forwardId) ?? []
    lines.push(line)
    if (lines.length > keptLines) lines.shift()
    this.#lines.set(forwardId, lines)
    const file =
      this.#files.get(forwardId) ??
      new RotatingFile({ path: join(this.#folder, `${forwardId}.log`), mostBytes: 1024 * 1024, keep: 2 })
    this.#files.set(forwardId, file)
    file.append(`${new Date(line.at).toISOString()} ${stream} ${pid ?? '-'} ${line.text}`)
    return line
  }

  /** The last lines, oldest first. */
  last(forwardId: string, limit: number): OutputLine[] {
    return (this.#lines.get(forwardId) ?? []).slice(-limit)
  }

  /** The forward is gone, and with it what its engines printed. */
  forget(forwardId: string): void {
    this.#lines.delete(forwardId)
    this.#files.delete(forwardId)
    for (const ending of ['', '.1', '.2']) removeFile(join(this.#folder, `${forwardId}.log${ending}`))
  }
}

/** A file that cannot be removed is no reason to fail. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It stays, and says nothing that was secret.
  }
}
