import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/** Keeps every processor busy twice over until it is disposed of: whoever wants to run waits. */
export class BusyMachine implements AsyncDisposable {
  readonly #workers = Array.from({ length: availableParallelism() * 2 }, () => new Worker('for (;;);', { eval: true }))

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}
