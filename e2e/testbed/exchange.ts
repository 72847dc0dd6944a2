import net from 'node:net'

export type ExchangeOptions = {
  host?: string
  /** Sent at once. */
  send?: string | Buffer
  /** End our side after sending. */
  finish?: boolean
  /** Milliseconds after which whatever came is returned; default 10,000. */
  limitMs?: number
  /** Return as soon as this has come. */
  until?: (received: Buffer) => boolean
}

/** What one TCP conversation brought. `ended`: how it ended, `open` if it was still open when we had seen enough. */
export type Exchange = { received: Buffer; ended: 'eof' | 'reset' | 'refused' | 'open' }

/** Connects, sends, and collects what comes back. Never rejects: every way to end is an answer. */
export function exchange(port: number, options: ExchangeOptions = {}): Promise<Exchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const socket = net.connect({ port, host: options.host ?? '127.0.0.1', allowHalfOpen: true })
    const finish = (ended: Exchange['ended']): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ received: Buffer.concat(chunks), ended })
    }
    const timer = setTimeout(() => finish('open'), options.limitMs ?? 10_000)
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'))
    socket.on('connect', () => {
      if (options.send !== undefined) socket.write(options.send)
      if (options.finish === true) socket.end()
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (options.until?.(Buffer.concat(chunks)) === true) finish('open')
    })
    socket.on('end', () => finish('eof'))
  })
}
