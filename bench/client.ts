import { once } from 'node:events'
import { connect } from 'node:net'

/**
 * A client as a process of its own, so that it shares no event loop with what is measured. Prints one number:
 * - `node client.ts down|up PORT BYTES`: MiB/s, from the workload's source or to its counted sink
 * - `node client.ts connections PORT COUNT PARALLEL`: median ms from connecting to the first answer of the echo
 * - `node client.ts round-trips PORT COUNT`: median ms of a word and its echo on one connection
 */
const [, , mode = '', portText, countText, parallelText] = process.argv
const port = Number(portText)
const count = Number(countText)

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

async function down(): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const began = performance.now()
  socket.write(`${count}\n`)
  let bytes = 0
  for await (const chunk of socket) bytes += (chunk as Buffer).length
  if (bytes !== count) throw new Error(`${bytes} bytes came in place of ${count}`)
  return count / (1 << 20) / ((performance.now() - began) / 1000)
}

async function up(): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const began = performance.now()
  socket.write(`${count}\n`)
  const answered = once(socket, 'data')
  const block = Buffer.alloc(256 * 1024)
  for (let left = count; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  }
  await answered
  return count / (1 << 20) / ((performance.now() - began) / 1000)
}

async function connections(): Promise<number> {
  const times: number[] = []
  let left = count
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const began = performance.now()
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.write('ping')
      await once(socket, 'data')
      times.push(performance.now() - began)
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: Number(parallelText) }, worker))
  return median(times)
}

async function roundTrips(): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    socket.write('ping')
    await once(socket, 'data')
    times.push(performance.now() - began)
  }
  return median(times)
}

const modes: Record<string, () => Promise<number>> = { down, up, connections, 'round-trips': roundTrips }
const measure = modes[mode]
if (measure === undefined) throw new Error(`unknown mode ${mode}`)
process.stdout.write(`${await measure()}\n`)
process.exit(0)
