import { connect } from 'node:net'

export type SteadyResult = {
  attempts: number
  answered: number
  refused: number
  resetBeforeFirstByte: number
  emptyAnswers: number
  longestWaitMs: number
  /** Names of the pods that answered, in the order they were first seen. */
  pods: string[]
}

/** One connection of the client; times as `performance.now()` tells them. */
export type SteadyAttempt = {
  beganAt: number
  endedAt: number
  outcome: 'answered' | 'refused' | 'reset' | 'empty'
  pod: string | null
  /** Milliseconds to the first byte; null when none came. */
  waitMs: number | null
}

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
    longestWaitMs: 0,
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
        if (text.startsWith('HTTP/1.1 200')) {
          outcome = 'answered'
          result.answered += 1
          if (pod !== null && !result.pods.includes(pod)) result.pods.push(pod)
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
