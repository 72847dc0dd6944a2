import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { WORKLOAD_PORTS } from '../testbed/workloads.ts'

/** How one conversation with the workload went. `wrong`: an answer came and it was not the right one, or half of it. */
export type Answer = {
  outcome: 'right' | 'wrong' | 'refused' | 'reset' | 'empty' | 'silent'
  /** When it began, as `performance.now()` tells it. */
  at: number
  ms: number
}

type Conversation = {
  say: Buffer | null
  /** True: whole and right; false: wrong; null: not all of it yet. */
  judge: (received: Buffer) => boolean | null
}

const byLength =
  (right: Buffer): Conversation['judge'] =>
  (received) =>
    received.length < right.length
      ? right.subarray(0, received.length).equals(received)
        ? null
        : false
      : received.equals(right)

/** What to say on a port of the workload and how its answer must read; every byte is checked. */
function conversationWith(remote: number): Conversation {
  const block = randomBytes(2048)
  switch (remote) {
    case WORKLOAD_PORTS.echo:
      return { say: block, judge: byLength(block) }
    case WORKLOAD_PORTS.source: {
      // The pattern of the workload: see workload/protocols.go.
      const right = Buffer.from(Array.from({ length: 4096 }, (_, at) => (at * 31 + Math.floor(at / 251)) & 255))
      return { say: Buffer.from('4096\n'), judge: byLength(right) }
    }
    case WORKLOAD_PORTS.countedSink: {
      const sum = createHash('sha256').update(block).digest('hex')
      return { say: Buffer.concat([Buffer.from('2048\n'), block]), judge: byLength(Buffer.from(`${sum} 2048\n`)) }
    }
    case WORKLOAD_PORTS.banner:
      return {
        say: null,
        judge: (received) => {
          const text = received.toString()
          if (!'220 '.startsWith(text.slice(0, 4)) && !text.startsWith('220 ')) return false
          return text.endsWith('\r\n') ? true : null
        },
      }
    default: {
      const word = block.toString('hex', 0, 8)
      return {
        say: Buffer.from(`GET /${word} HTTP/1.1\r\nHost: chaos\r\nConnection: close\r\n\r\n`),
        judge: (received) => {
          const text = received.toString()
          if (!text.includes('\r\n\r\n') || !text.trimEnd().endsWith('}')) return null
          return text.startsWith('HTTP/1.1 200 ') && text.includes(`"path":"/${word}"`)
        },
      }
    }
  }
}

/** One connection, one question, its whole answer checked. Nobody waits longer than `limitMs`, or after `over`. */
export function ask(port: number, remote: number, limitMs = 45_000, over?: AbortSignal): Promise<Answer> {
  const { say, judge } = conversationWith(remote)
  return new Promise((resolve) => {
    const began = performance.now()
    let received = Buffer.alloc(0)
    const done = (outcome: Answer['outcome']): void => {
      clearTimeout(timer)
      over?.removeEventListener('abort', isOver)
      socket.destroy()
      resolve({ outcome, at: began, ms: performance.now() - began })
    }
    const isOver = (): void => done('silent')
    const timer = setTimeout(isOver, limitMs)
    over?.addEventListener('abort', isOver)
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => say !== null && socket.write(say))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const verdict = judge(received)
      if (verdict !== null) done(verdict ? 'right' : 'wrong')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => done(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'))
    // A whole-looking end after half an answer is a lie; an end without a byte is not.
    socket.on('end', () => done(received.length === 0 ? 'empty' : 'wrong'))
  })
}

export type AskedAll = { answers: Answer[]; count: (outcome: Answer['outcome']) => number }

/** Asks again and again, one connection after the other, until it is stopped. */
export function keepAsking(
  port: number,
  remote: number,
  everyMs: number,
): {
  /** Who is in the middle then may wait so long for the answer. */
  stop(withinMs?: number): Promise<AskedAll>
  soFar: Answer[]
} {
  const answers: Answer[] = []
  const over = new AbortController()
  const atOnce = new AbortController()
  const asking = (async () => {
    while (!over.signal.aborted) {
      answers.push(await ask(port, remote, undefined, atOnce.signal))
      await pause(everyMs)
    }
  })()
  return {
    soFar: answers,
    stop: async (withinMs) => {
      over.abort()
      const timer = withinMs === undefined ? undefined : setTimeout(() => atOnce.abort(), withinMs)
      await asking
      clearTimeout(timer)
      return { answers, count: (outcome) => answers.filter((answer) => answer.outcome === outcome).length }
    },
  }
}
