import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ForwardPort } from '../../../../contract/forwards.ts'
import { addressOf, isExposed } from '../../../../contract/local-address.ts'
import type { SocketOwner } from '../../platform/platform.ts'
import type { Failure } from '../evidence.ts'
import type { ListenFailure } from './listener.ts'

/** Ports that are chosen for forwards: below the ranges from which systems take the ports of outgoing connections. */
const firstChosen = 20_000
const lastChosen = 29_999
const tries = 200

const isWildcard = (bind: string): boolean => bind === '0.0.0.0' || bind === '::'

/** True when two sockets cannot both listen there. */
export function overlap(a: { bind: string; local: number }, b: { bind: string; local: number }): boolean {
  if (a.local !== b.local || a.local === 0) return false
  if (a.bind === b.bind) return true
  // [::] takes IPv4 too.
  if (a.bind === '::' || b.bind === '::') return true
  const sameFamily = a.bind.includes(':') === b.bind.includes(':')
  return sameFamily && (isWildcard(a.bind) || isWildcard(b.bind))
}

/** True when this machine has the address. */
export function isLocalAddress(bind: string): boolean {
  if (isWildcard(bind) || !isExposed(bind)) return true
  const known = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  return known.some(({ address }) => address.toLowerCase() === bind.toLowerCase())
}

export type BindTest = 'free' | 'taken' | 'forbidden' | 'address-not-local'

/** Tries to listen there, for a moment. */
export function testBind(bind: string, port: number): Promise<BindTest> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('taken')
      else resolve(error.code === 'EACCES' || error.code === 'EPERM' ? 'forbidden' : 'address-not-local')
    })
    server.listen({ host: bind, port, exclusive: true }, () => server.close(() => resolve('free')))
  })
}

/**
 * Chooses a local port to keep: free now, wanted by no other forward, and outside the range that the system gives to
 * outgoing connections, so that it is free at the next start too. Null: none was found.
 */
export async function choosePort(
  bind: string,
  isWanted: (port: number) => boolean,
  random: () => number,
): Promise<number | null> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = firstChosen + Math.floor(random() * (lastChosen - firstChosen + 1))
    if (!isWanted(port) && (await testBind(bind, port)) === 'free') return port
  }
  return null
}

/** "nginx (process 4711)". */
export const ownerWords = ({ process, pid }: SocketOwner): string => `${process} (process ${pid})`

/** Why a port could not be bound. */
export function failureOfListen({ code, message }: ListenFailure): Failure {
  switch (code) {
    case 'local-port-taken':
    case 'local-port-forbidden':
      return { code, detail: null, facts: message }
    case 'bind-address-unusable':
      return { code: 'local-port-forbidden', detail: 'address-not-local', facts: message }
  }
}

/** The same for a port that is taken, with who holds it. */
export const portTakenBy = (owner: SocketOwner, { bind, local }: Pick<ForwardPort, 'bind' | 'local'>): Failure => ({
  code: 'local-port-taken',
  detail: `${owner.pid} ${owner.process}`,
  facts: `${ownerWords(owner)} listens on ${addressOf(bind, local)}`,
})
