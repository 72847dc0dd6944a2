import { redact } from './redact.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
/** A line of the log; secrets were masked before. */
export type LogEntry = { at: number; level: LogLevel; area: string; message: string }

/** Where lines go: a file with rotation, stderr, the ring that Diagnostics shows. */
export type LogSink = (entry: LogEntry) => void

/**
 * Logs one line of plain words; what might hold a secret is masked before any sink sees it.
 * Ask for `area('forwards')` once per part.
 */
export class Log {
  readonly #sinks: readonly LogSink[]
  readonly #area: string
  readonly #now: () => number

  constructor(sinks: readonly LogSink[], area = 'app', now: () => number = Date.now) {
    this.#sinks = sinks
    this.#area = area
    this.#now = now
  }

  area(area: string): Log {
    return new Log(this.#sinks, area, this.#now)
  }

  debug = (message: string): void => this.#write('debug', message)
  info = (message: string): void => this.#write('info', message)
  warn = (message: string): void => this.#write('warn', message)
  error = (message: string): void => this.#write('error', message)

  #write(level: LogLevel, message: string): void {
    const entry = { at: this.#now(), level, area: this.#area, message: redact(message) }
    for (const sink of this.#sinks) sink(entry)
  }
}

/** The last `size` entries, for Diagnostics. */
export class LogRing {
  readonly #entries: LogEntry[] = []
  readonly #size: number

  constructor(size = 500) {
    this.#size = size
  }

  readonly sink: LogSink = (entry) => {
    this.#entries.push(entry)
    if (this.#entries.length > this.#size) this.#entries.shift()
  }

  entries(): LogEntry[] {
    return [...this.#entries]
  }
}

/** One line per entry on stderr; stdout stays clean for programs. */
export const stderrSink: LogSink = (entry) => {
  process.stderr.write(`${new Date(entry.at).toISOString()} ${entry.level.padEnd(5)} ${entry.area}: ${entry.message}\n`)
}
