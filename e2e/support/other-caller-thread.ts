import { Agent, get } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** The thread of other-caller.ts: asks until it is told to stop, then tells how long each answer took, in ms. */
const { url, token } = workerData as { url: string; token: string }
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

function ask(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const start = performance.now()
  get(`${url}/api/v1/forwards`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
    response.resume().on('error', reject)
    response.on('end', () => {
      if (response.statusCode === 200) resolve(performance.now() - start)
      else reject(new Error(`the other caller was answered ${response.statusCode}`))
    })
  }).on('error', reject)
  return promise
}

const over = new AbortController()
parentPort?.once('message', () => over.abort())
const times: number[] = []
while (!over.signal.aborted) {
  times.push(await ask())
  await pause(10)
}
agent.destroy()
parentPort?.postMessage(times)
