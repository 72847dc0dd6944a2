import type { AppError } from '../../../../contract/errors.ts'
import type { ChildExit } from '../../processes/child-processes.ts'
import { causeOfKubectlLine, isHarmless, isVague } from './kubectl-lines.ts'
import type { TunnelFailure, TunnelTarget } from './tunnel.ts'

export const queued: TunnelFailure = { code: 'queued', detail: null, message: 'kubectl waits for its turn.' }

export const notReady: TunnelFailure = { code: 'connecting', detail: null, message: 'kubectl is not ready yet.' }

export const silentFailure = (target: TunnelTarget, seconds: number): TunnelFailure =>
  target.kind === 'pod'
    ? {
        // It says when it finds no way, or no handshake; what keeps it waiting without a word is the answer, as without etcd.
        code: 'api-unavailable',
        detail: 'kubectl-silent',
        message: `kubectl got no answer within ${seconds} s.`,
      }
    : {
        code: 'no-ready-pod',
        detail: 'no-pod-in-time',
        message: `kubectl found no running pod of ${target.reference} within ${seconds} s.`,
      }

export const lostFailure = (message: string): TunnelFailure => ({ code: 'tunnel-lost', detail: null, message })

export const stoppedFailure = (pid: number): TunnelFailure => ({
  code: 'tunnel-stalled',
  detail: 'kubectl-stopped',
  message: `kubectl (process ${pid}) is stopped.`,
})

export const notOurs = (port: number, process: string): TunnelFailure => ({
  code: 'kubectl-failed',
  detail: 'port-not-ours',
  message: `kubectl said that it listens on port ${port}, but that port belongs to ${process}.`,
})

export function failureOfStart(error: AppError): TunnelFailure {
  const { code, message, next } = error
  // Which program, what it did and what would mend it is known only where it was looked for.
  if (code === 'kubectl-missing') return { code, detail: null, message, next }
  if (code === 'kubectl-unusable') return { code: 'kubectl-failed', detail: code, message, next }
  if (code === 'limit-reached' || code === 'storage-failed' || code === 'vault-locked') {
    return { code, detail: null, message }
  }
  if (code === 'cancelled') return { code: 'stopping', detail: null, message }
  return { code: 'kubectl-failed', detail: code, message }
}

/** kubectl's last word, or how it ended. */
export function failureOfExit(exit: ChildExit, lines: readonly string[], label: string): TunnelFailure {
  const said = lines
    .map((line) => ({ line, cause: causeOfKubectlLine(line) }))
    .filter(({ cause }) => cause !== null && !isHarmless(cause))
  const last = said.findLast(({ cause }) => cause !== null && !isVague(cause)) ?? said.at(-1)
  if (last?.cause != null) return { code: last.cause.code, detail: last.cause.detail, message: plainWords(last.line) }
  if (exit.signal !== null) {
    return { code: 'tunnel-lost', detail: 'killed', message: `kubectl for ${label} was ended by ${exit.signal}.` }
  }
  const code = exit.code ?? 'unknown'
  const words = lines.at(-1)
  const message = `kubectl ended with code ${code}${words === undefined ? '' : `: ${plainWords(words)}`}`
  return { code: words === undefined ? 'tunnel-lost' : 'kubectl-failed', detail: `exit-${code}`, message }
}

/** kubectl calls a proxy that nobody can reach a refusing API server; the API server was never asked. */
export function failureOfWay(failure: TunnelFailure, proxyHost: string | null): TunnelFailure {
  if (proxyHost === null || failure.code !== 'cluster-unreachable' || failure.detail !== 'api-refused') return failure
  return { ...failure, detail: 'proxy', message: `the proxy at ${proxyHost} refuses connections` }
}

/**
 * A pod that is not there is what is forwarded to only where it was named; else it is one that was chosen from what was
 * known, and another has taken its place.
 */
export function failureOfPod(failure: TunnelFailure, target: TunnelTarget): TunnelFailure {
  const isNamed = target.kind === 'reference' && target.reference.startsWith('pod/')
  if (isNamed || failure.detail !== 'target-not-found' || !/\(NotFound\): pods "/.test(failure.message)) return failure
  return { ...failure, code: 'pod-replaced', detail: 'pod-gone' }
}

/** A line without the log prefix and wrapping of kubectl, at most 300 characters. */
export function plainWords(line: string): string {
  const bare = line.replace(/^[EWI]\d{4} [\d:.]+\s+\d+ \S+\] /, '')
  const wrapped = /^"Unhandled Error" err="(.*)"$/.exec(bare)?.[1]?.replaceAll('\\"', '"')
  return (wrapped ?? bare).replace(/^error: /, '').slice(0, 300)
}
