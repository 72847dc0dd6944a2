import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { quantile } from './statistics.ts'

/** How long somebody else waited, in ms. */
export type Waits = { readonly asked: number; readonly p99: number; readonly worst: number }

export type OtherCaller = AsyncDisposable & {
  /** Fails when one question was not answered with 200. */
  stop(): Promise<Waits>
}

/**
 * Somebody else who asks a host for its forwards all the time, on a connection and a thread of its own: what the caller
 * computes is not measured with it.
 */
export function startOtherCaller({ url, token }: { url: string; token: string }): OtherCaller {
  const thread = new Worker(join(import.meta.dirname, 'other-caller-thread.ts'), { workerData: { url, token } })
  const { promise, resolve, reject } = Promise.withResolvers<number[]>()
  thread.once('message', resolve).once('error', reject)
  // Whoever never stops it has failed with something else.
  promise.catch(() => undefined)
  return {
    stop: async () => {
      thread.postMessage('stop')
      const times = await promise
      return { asked: times.length, p99: quantile(times, 0.99), worst: Math.max(...times) }
    },
    [Symbol.asyncDispose]: async () => {
      await thread.terminate()
    },
  }
}
