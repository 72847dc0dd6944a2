import { StringDecoder } from 'node:string_decoder'

/** Longest line that is passed on, in characters; what is beyond is dropped up to the next line. */
export const maxLineLength = 8192

/** Cuts a stream of bytes into lines without ever holding more than one line of bounded length. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''
  #cut = false

  push(chunk: Buffer): string[] {
    return this.#split(this.#decoder.write(chunk))
  }

  /** The last line, if the stream did not end with a line break. */
  end(): string[] {
    const lines = this.#split(this.#decoder.end())
    if (this.#rest !== '') lines.push(this.#take())
    return lines
  }

  #split(text: string): string[] {
    const lines: string[] = []
    const parts = text.split('\n')
    parts.forEach((part, index) => {
      this.#append(part)
      if (index < parts.length - 1) lines.push(this.#take())
    })
    return lines
  }

  #append(part: string): void {
    const room = maxLineLength - this.#rest.length
    if (part.length > room) this.#cut = true
    this.#rest += part.slice(0, Math.max(0, room))
  }

  #take(): string {
    const line = this.#rest.replace(/\r$/, '') + (this.#cut ? ' … (cut)' : '')
    this.#rest = ''
    this.#cut = false
    return line
  }
}
