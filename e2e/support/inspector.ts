import { WebSocket } from 'ws'
import type { RunningHost } from './host.ts'
import { waitUntil } from './wait-until.ts'

/** Start a host with these, so that `openInspector` reaches it. */
export const inspectable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

/** Bytes of a process after what nobody uses was collected. */
export type Memory = { rss: number; heapTotal: number; heapUsed: number; external: number }

/** The debugger's door to a running owner: for what cannot be seen from outside, and for a clock that jumps. */
export type Inspector = AsyncDisposable & {
  /** The value of an expression, evaluated in the owner. */
  evaluate(expression: string): Promise<unknown>
  /** Collects garbage twice, then tells what is left. */
  memory(): Promise<Memory>
  /** What the processor did in the owner while `run` ran, in V8's own form (.cpuprofile). */
  cpuProfile<T>(run: () => Promise<T>): Promise<{ profile: CpuProfile; result: T }>
  /** Everything on the JavaScript heap after garbage was collected twice, strings in full. */
  heapSnapshot(): Promise<Buffer>
}

/** A stack that was seen, as a node below its caller; `samples` names nodes, `timeDeltas` the microseconds of each. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[]
  samples: number[]
  timeDeltas: number[]
}

type Answer = { id?: number; result?: unknown; method?: string; params?: { chunk?: string } }

/** Connects to an owner that was started with `inspectable`: a host, or the desktop on plain Node. */
export async function openInspector(owner: Pick<RunningHost, 'log'>): Promise<Inspector> {
  const [, url = ''] = await waitUntil('the debugger', 10, () => /Debugger listening on (ws:\S+)/.exec(owner.log()))
  const socket = new WebSocket(url)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const pieces: Buffer[] = []
  const waiting = new Map<number, (answer: { result?: unknown }) => void>()
  socket.on('message', (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer
    if (answer.method === 'HeapProfiler.addHeapSnapshotChunk') pieces.push(Buffer.from(answer.params?.chunk ?? ''))
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  let last = 0
  const call = async (method: string, params: object = {}): Promise<unknown> => {
    const id = (last += 1)
    const answer = new Promise<{ result?: unknown }>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params }))
    const { result } = await answer
    waiting.delete(id)
    return result
  }
  const evaluate = async (expression: string): Promise<unknown> => {
    const answer = (await call('Runtime.evaluate', { expression, returnByValue: true })) as {
      result?: { value?: unknown }
      exceptionDetails?: { text: string }
    }
    if (answer.exceptionDetails !== undefined) throw new Error(`${expression}: ${answer.exceptionDetails.text}`)
    return answer.result?.value
  }
  return {
    evaluate,
    memory: async () => {
      await call('HeapProfiler.collectGarbage')
      await call('HeapProfiler.collectGarbage')
      return (await evaluate('process.memoryUsage()')) as Memory
    },
    cpuProfile: async (run) => {
      await call('Profiler.enable')
      await call('Profiler.start')
      const result = await run()
      const { profile } = (await call('Profiler.stop')) as { profile: CpuProfile }
      return { profile, result }
    },
    heapSnapshot: async () => {
      // V8 cuts strings in a snapshot after 1,024 characters.
      await evaluate(`process.getBuiltinModule('v8').setFlagsFromString('--heap-snapshot-string-limit=100000000')`)
      await call('HeapProfiler.collectGarbage')
      await call('HeapProfiler.collectGarbage')
      pieces.length = 0
      await call('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
      return Buffer.concat(pieces)
    },
    [Symbol.asyncDispose]: () => {
      socket.terminate()
      return Promise.resolve()
    },
  }
}
