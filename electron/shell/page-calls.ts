import type { Transport } from '../../contract/client.ts'
import type { Result } from '../../contract/errors.ts'
import type { OperationName } from '../../contract/operations.ts'

/** The calls that one page has under way: it can give them up one by one, and all end with the page, as over HTTP. */
export class PageCalls {
  readonly #transport: Pick<Transport, 'call'>
  readonly #running = new Map<number, AbortController>()

  constructor(transport: Pick<Transport, 'call'>) {
    this.#transport = transport
  }

  /** A call without a number, or with one that is in use, cannot be given up. */
  async call(name: OperationName, input: unknown, number: unknown): Promise<Result<unknown>> {
    if (!Number.isSafeInteger(number) || this.#running.has(number as number)) return this.#transport.call(name, input)
    const abort = new AbortController()
    this.#running.set(number as number, abort)
    try {
      return await this.#transport.call(name, input, abort.signal)
    } finally {
      this.#running.delete(number as number)
    }
  }

  cancel(number: unknown): void {
    this.#running.get(number as number)?.abort()
  }

  /** The page is gone. */
  end(): void {
    for (const abort of this.#running.values()) abort.abort()
  }
}
