import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export type EchoResult = {
  /** Ms from a block to the last byte of its echo, in order, with the time it was sent (`performance.now()`). */
  rounds: { at: number; ms: number }[]
  /** When the block was sent whose echo is not whole yet. */
  waitsSince: number | null
  wrongBytes: number
  /** Connections that ended although nobody had reason to end them. */
  lost: number
}

/**
 * One connection to the echo that stays open: a block every `everyMs`, every byte of its echo compared. After an end it
 * connects again.
 */
export function keepEchoing(port: number, everyMs: number): { soFar: EchoResult; stop(): Promise<EchoResult> } {
  const result: EchoResult = { rounds: [], waitsSince: null, wrongBytes: 0, lost: 0 }
  const over = new AbortController()
  const converse = async (): Promise<void> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let expected = Buffer.alloc(0)
    let answered: (() => void) | null = null
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      if (!expected.subarray(0, chunk.length).equals(chunk)) result.wrongBytes += chunk.length
      expected = expected.subarray(chunk.length)
      if (expected.length === 0) answered?.()
    })
    while (!over.signal.aborted && !socket.closed) {
      const block = randomBytes(1024)
      expected = block
      const at = performance.now()
      result.waitsSince = at
      const whole = new Promise<void>((resolve) => (answered = resolve))
      socket.write(block)
      await Promise.race([whole, ended])
      if (expected.length === 0) result.rounds.push({ at, ms: performance.now() - at })
      result.waitsSince = null
      await pause(everyMs)
    }
    if (socket.closed) result.lost += 1
    socket.destroy()
    await ended
  }
  const conversing = (async () => {
    while (!over.signal.aborted) await converse()
  })()
  return {
    soFar: result,
    stop: async () => {
      over.abort()
      await conversing
      return result
    },
  }
}
