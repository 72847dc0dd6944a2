import { connect } from 'node:net'
import { median } from './statistics.ts'

export type SteadyResult = {
  attempts: number
  answered: number
  refused: number
  resetBeforeFirstByte: number
  emptyAnswers: number
  /** Answers that began and did not come to their end. */
  cutAnswers: number
  longestWaitMs: number
  /** How long each answered client waited for the first byte, ms, in the order of the answers. */
  waitsMs: number[]
  /** Names of the pods that answered, in the order they were first seen. */
  pods: string[]
}

/** One connection of the client; times as `performance.now()` tells them. */
export type SteadyAttempt = {
  beganAt: number
  endedAt: number
  outcome: 'answered' | 'refused' | 'reset' | 'cut' | 'empty'
  pod: string | null
  /** Milliseconds to the first byte; null when none came. */
  waitMs: number | null
}

/**
 * How many requests may end with the processes of pods that end at once, beside those that the forward counts: it counts
 * nobody whom the pod itself cut off (kubectl-losses.ts). Three of all rollouts together; on a machine so slow that several
 * requests are in each process's hands at any time, as many as those of all its `replicas`.
 */
export const takenByPods = (waitsMs: readonly number[], replicas: number, everyMs = 50): number =>
  Math.max(3, replicas * Math.ceil(median(waitsMs) / everyMs))

/** A client that opens a new connection every `everyMs` and asks for one HTTP answer each, until it is stopped. */
export function startSteadyClient(options: {
  host: string
  port: number
  path: string
  everyMs?: number
  onAttempt?: (attempt: SteadyAttempt) => void
}): { stop(): Promise<SteadyResult> } {
  const result: SteadyResult = {
    attempts: 0,
    answered: 0,
    refused: 0,
    resetBeforeFirstByte: 0,
    emptyAnswers: 0,
    cutAnswers: 0,
    longestWaitMs: 0,
    waitsMs: [],
    pods: [],
  }
  const open = new Set<Promise<void>>()

  const attempt = (): Promise<void> =>
    new Promise((resolve) => {
      result.attempts += 1
      const began = performance.now()
      let text = ''
      let waitMs: number | null = null
      let outcome: SteadyAttempt['outcome'] = 'empty'
      const socket = connect(options.port, options.host, () => {
        socket.write(`GET ${options.path} HTTP/1.1\r\nHost: spec\r\nConnection: close\r\n\r\n`)
      })
      socket.setEncoding('utf8')
      socket.on('data', (part: string) => {
        waitMs ??= performance.now() - began
        result.longestWaitMs = Math.max(result.longestWaitMs, waitMs)
        text += part
      })
      socket.on('error', (error: NodeJS.ErrnoException) => {
        outcome = error.code === 'ECONNREFUSED' ? 'refused' : 'reset'
        if (outcome === 'refused') result.refused += 1
        else if (text === '') result.resetBeforeFirstByte += 1
      })
      socket.on('close', (hadError) => {
        const pod = /"pod":\s*"([^"]+)"/.exec(text)?.[1] ?? null
        if (isWhole(text)) {
          outcome = 'answered'
          result.answered += 1
          result.waitsMs.push(waitMs ?? 0)
          if (pod !== null && !result.pods.includes(pod)) result.pods.push(pod)
        } else if (text !== '') {
          if (outcome === 'empty') outcome = 'cut'
          result.cutAnswers += 1
        } else if (!hadError) result.emptyAnswers += 1
        options.onAttempt?.({ beganAt: began, endedAt: performance.now(), outcome, pod, waitMs })
        resolve()
      })
    })

  const timer = setInterval(() => {
    const one = attempt()
    open.add(one)
    void one.then(() => open.delete(one))
  }, options.everyMs ?? 50)
  return {
    stop: async () => {
      clearInterval(timer)
      await Promise.all(open)
      return result
    },
  }
}

/** An answer of status 200 with as many bytes as it says it has. */
function isWhole(text: string): boolean {
  const [head = '', ...body] = text.split('\r\n\r\n')
  const length = /^content-length: (\d+)$/im.exec(head)?.[1]
  return text.startsWith('HTTP/1.1 200') && Buffer.byteLength(body.join('\r\n\r\n')) === Number(length)
}
