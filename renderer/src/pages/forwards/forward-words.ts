import type { Cause } from '../../../../contract/causes.ts'
import {
  type Forward,
  type ForwardPort,
  type RemotePort,
  type Target,
  targetWord,
} from '../../../../contract/forwards.ts'
import { addressOf, isExposed } from '../../../../contract/local-address.ts'
import type { MarkName } from '../../components/state-mark.tsx'
import { until } from '../../components/time-words.ts'

/** A local address: `127.0.0.1:8080`, `[::1]:8080`; a port that is not chosen yet is `…`. */
export const addressWord = ({ bind, local }: Pick<ForwardPort, 'bind' | 'local'>): string =>
  addressOf(bind, local === 0 ? '…' : local)

/** What a browser opens for a port: https where the remote port says so. */
export function urlOf(port: Pick<ForwardPort, 'bind' | 'local' | 'remote'>): string {
  const secure = port.remote === 443 || port.remote === 8443 || /https|tls/.test(String(port.remote))
  const everywhere = port.bind === '0.0.0.0' || port.bind === '::'
  return `${secure ? 'https' : 'http'}://${addressWord(everywhere ? { ...port, bind: '127.0.0.1' } : port)}`
}

/** `127.0.0.1:8080 to svc/checkout:http in payments`. */
export const forwardSentence = (
  port: { bind: string; local: number; remote: RemotePort },
  target: Target,
  namespace: string,
): string =>
  `${port.local === 0 ? `${port.bind}, a free port,` : addressWord(port)} to ${targetWord(target)}:${port.remote} in ${namespace}`

/** A state that was so when the owner answered last; `off` is what somebody wanted, and stays so. */
export const pastWord = (state: Forward['state'], count = 1): string =>
  state === 'off' ? state : `${count === 1 ? 'was' : 'were'} ${state}`

/** The word of a state. Where nothing is asked through the tunnel, or nobody knows any more, the word says so. */
export function stateWord(forward: Pick<Forward, 'state' | 'probe'>, fresh: boolean): string {
  if (!fresh) return pastWord(forward.state)
  return forward.state === 'live' && forward.probe.mode === 'passive' ? 'live, unchecked' : forward.state
}

/** The shape of a state; without fresh evidence it is the one for not known. */
export const stateMark = ({ state }: Pick<Forward, 'state'>, fresh: boolean): MarkName => (fresh ? state : 'unknown')

/** What the app is doing about it: `try 3, next in 4 s · 2 waiting`; empty when there is nothing to say. */
export function attemptWords({ state, observed }: Pick<Forward, 'state' | 'observed'>, now: number): string {
  const parts: string[] = []
  if (state === 'recovering' && observed.attempt > 0) parts.push(`try ${observed.attempt}`)
  const next = observed.nextAttemptAt === null ? null : until(observed.nextAttemptAt, now)
  if (next !== null && state === 'recovering') parts.push(`next ${next}`)
  if (next !== null && state === 'holding') parts.push(next === 'now' ? 'looking again' : `looked at again ${next}`)
  const attempts = parts.join(', ')
  const waiting = observed.parked > 0 ? `${observed.parked} waiting` : ''
  return [attempts, waiting].filter((part) => part !== '').join(' · ')
}

/** A cause in a few words, such as `no ready pod`; its sentence stands beside them. */
export const causeWord = ({ code }: Pick<Cause, 'code'>): string => code.replaceAll('-', ' ')

/** Said wherever a forward listens on more than this machine's own addresses; null where only programs here reach it. */
export const reachWords = ({ bind }: Pick<ForwardPort, 'bind'>): string | null =>
  isExposed(bind) ? 'Other machines can reach it.' : null

/** How the pod was found, where that is less than the best. */
export function watchWords({ observed, state }: Pick<Forward, 'state' | 'observed'>): string | null {
  if (state !== 'live' && state !== 'recovering') return null
  if (observed.resolvedBy === 'kubectl') return 'kubectl chose the pod itself, because the pods could not be read.'
  return observed.watching
    ? null
    : 'The pods are not watched now; whether the forward works is still checked by connecting through it.'
}
