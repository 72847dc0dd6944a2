import dns from 'node:dns'
import net from 'node:net'
import { errorCode } from './error-code.ts'
import { NetworkFailure } from './network-failure.ts'

/** An address of a host. */
export type Address = { readonly address: string; readonly family: number }

const running = new Map<string, Promise<Address[]>>()

/**
 * The addresses of a host, as the system resolves it (hosts file, search domains). Throws a {@link NetworkFailure}.
 * The system's resolver cannot be interrupted and occupies a thread: callers of the same name share one question, so that a dead
 * DNS server costs one thread per name.
 */
export async function resolveHost(host: string, signal?: AbortSignal): Promise<Address[]> {
  const family = net.isIP(host)
  if (family !== 0) return [{ address: host, family }]
  let question = running.get(host)
  if (question === undefined) {
    question = dns.promises.lookup(host, { all: true })
    running.set(host, question)
    const forget = (): void => void running.delete(host)
    question.then(forget, forget)
  }
  try {
    return await unlessAborted(question, signal)
  } catch (error) {
    const code = errorCode(error)
    if (error instanceof NetworkFailure) throw error
    const why = code === 'EAI_AGAIN' ? 'the DNS server does not answer for' : 'there is no host called'
    throw new NetworkFailure('dns', `${why} ${host}`, code)
  }
}

/** Waits for `promise` until the signal ends the waiting with its reason. */
export async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return await promise
  signal.throwIfAborted()
  const stop = new AbortController()
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: stop.signal })
      promise.then(resolve, reject)
    })
  } finally {
    stop.abort()
  }
}
