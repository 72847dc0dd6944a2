import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * A client as a process of its own, so that it shares no event loop with what is measured. Prints a JSON list of numbers:
 * - `down PORT BYTES STREAMS`, `up PORT BYTES STREAMS`: [MiB/s], all streams together, from the workload's source or to
 *   its counted sink; BYTES are split among the streams
 * - `connections PORT COUNT`: ms from connecting to the first answer of the echo, one after the other
 * - `round-trips PORT COUNT`: ms of a word and its echo on one connection
 */
const [, , mode = '', portText, countText, streamsText = '1'] = process.argv
const port = Number(portText)
const count = Number(countText)
const streams = Number(streamsText)
const block = Buffer.alloc(256 * 1024)

const open = (): Socket => connect({ port, host: '127.0.0.1', noDelay: true })

async function down(bytes: number): Promise<void> {
  const socket = open()
  socket.write(`${bytes}\n`)
  let came = 0
  for await (const chunk of socket) came += (chunk as Buffer).length
  if (came !== bytes) throw new Error(`${came} bytes came in place of ${bytes}`)
}

async function up(bytes: number): Promise<void> {
  const socket = open()
  socket.write(`${bytes}\n`)
  const answered = once(socket, 'data')
  for (let left = bytes; left > 0; left -= block.length) {
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  }
  await answered
  socket.destroy()
}

async function throughput(stream: (bytes: number) => Promise<void>): Promise<number[]> {
  const each = Math.floor(count / streams)
  const began = performance.now()
  await Promise.all(Array.from({ length: streams }, () => stream(each)))
  return [(each * streams) / (1 << 20) / ((performance.now() - began) / 1000)]
}

async function connections(): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    const socket = open()
    socket.write('ping')
    await once(socket, 'data')
    times.push(performance.now() - began)
    socket.destroy()
  }
  return times
}

async function roundTrips(): Promise<number[]> {
  const socket = open()
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const began = performance.now()
    socket.write('ping')
    await once(socket, 'data')
    times.push(performance.now() - began)
  }
  return times
}

const modes: Record<string, () => Promise<number[]>> = {
  down: () => throughput(down),
  up: () => throughput(up),
  connections,
  'round-trips': roundTrips,
}
const measure = modes[mode]
if (measure === undefined) throw new Error(`unknown mode ${mode}`)
process.stdout.write(`${JSON.stringify(await measure())}\n`)
process.exit(0)
