import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { OutputLine } from '../../../contract/forwards.ts'
import { RotatingFile } from '../log-file.ts'
import { redact } from '../redact.ts'

const keptLines = 2000

/**
 * What the engine of each forward printed: the last lines in memory, all of them in a file that is turned over. What an
 * earlier run wrote there is read when a forward is first asked for.
 */
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
    const lines = this.#linesOf(forwardId)
    this.#seq += 1
    const line = { seq: this.#seq, at: this.#now(), stream, text: redact(text), pid }
    lines.push(line)
    if (lines.length > keptLines) lines.shift()
    const file =
      this.#files.get(forwardId) ?? new RotatingFile({ path: this.#pathOf(forwardId), mostBytes: 1024 * 1024, keep: 2 })
    this.#files.set(forwardId, file)
    file.append(`${new Date(line.at).toISOString()} ${stream} ${pid ?? '-'} ${line.text}`)
    return line
  }

  /** The last lines, oldest first. */
  last(forwardId: string, limit: number): OutputLine[] {
    return this.#linesOf(forwardId).slice(-limit)
  }

  /** The forward is gone, and with it what its engines printed. */
  forget(forwardId: string): void {
    this.#lines.delete(forwardId)
    this.#files.delete(forwardId)
    for (const ending of ['', '.1', '.2']) removeFile(`${this.#pathOf(forwardId)}${ending}`)
  }

  #pathOf(forwardId: string): string {
    return join(this.#folder, `${forwardId}.log`)
  }

  #linesOf(forwardId: string): OutputLine[] {
    const known = this.#lines.get(forwardId)
    if (known !== undefined) return known
    const path = this.#pathOf(forwardId)
    const lines = [`${path}.1`, path]
      .flatMap((file) => linesOf(file))
      .slice(-keptLines)
      .map((line) => ({ ...line, seq: (this.#seq += 1) }))
    this.#lines.set(forwardId, lines)
    return lines
  }
}

/** One line of the file, as `add` writes it. */
const written = /^(\d{4}-[\d:.TZ-]+) (stdout|stderr|note) (\d+|-) (.*)$/

/** What a file holds; one that is missing or cannot be read holds nothing. */
function linesOf(path: string): Omit<OutputLine, 'seq'>[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    const [, at = '', stream, pid, said = ''] = written.exec(line) ?? []
    const time = Date.parse(at)
    if (Number.isNaN(time)) return []
    return [{ at: time, stream: stream as OutputLine['stream'], text: said, pid: pid === '-' ? null : Number(pid) }]
  })
}

/** A file that cannot be removed is no reason to fail. */
function removeFile(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It stays, and says nothing that was secret.
  }
}
