import fs from 'node:fs'
import { Worker } from 'node:worker_threads'

/**
 * Makes a reader of tables of sockets under /proc (proc(5)): their rows, or none where a table cannot be read. Ends that only
 * wait for late packets are left out: a busy machine has thousands of them. All goes through one buffer, so that hardly
 * anything is left for the collector, which comes seldom to a thread that does little. Runs in a thread of its own as
 * well, so it uses nothing from outside.
 */
function tableReader({ openSync, readSync, closeSync }: Pick<typeof fs, 'openSync' | 'readSync' | 'closeSync'>) {
  let room = Buffer.alloc(65_536)
  const fill = (file: number): Buffer => {
    for (let size = 0; ;) {
      const more = readSync(file, room, size, room.length - size, null)
      if (more === 0) return room.subarray(0, size)
      size += more
      if (size === room.length) room = Buffer.concat([room], size * 2)
    }
  }
  return (path: string): string => {
    let file: number | null = null
    try {
      file = openSync(path, 'r')
      const table = fill(file)
      const rows: string[] = []
      for (let at = 0, end: number; at < table.length; at = end + 1) {
        end = table.indexOf('\n', at)
        if (end === -1) end = table.length
        const row = table.toString('latin1', at, end)
        if (!/^ *\d+: \S+ \S+ 06 /.test(row)) rows.push(row)
      }
      return rows.join('\n')
    } catch {
      return ''
    } finally {
      if (file !== null) closeSync(file)
    }
  }
}

const threadCode = `
const { parentPort } = process.getBuiltinModule('node:worker_threads')
const read = (${tableReader.toString()})(process.getBuiltinModule('node:fs'))
parentPort.on('message', (path) => parentPort.postMessage(read(path)))
`

/** Where the system has no thread for us (its limit of processes counts them): that only takes others' time. */
const rowsHere = (path: string): string => tableReader(fs)(path)

type Question = { readonly path: string; readonly answer: (rows: string) => void }

/**
 * Reads such tables in a thread: the kernel walks all its sockets for each, some 5 to 20 ms in which nothing else would
 * happen; and it hands out a page at a time, so that reading it in turns of the loop takes half a second on a busy machine.
 */
class ProcTables {
  #thread: Worker | null = null
  /** Answered in their order. */
  #questions: Question[] = []

  read(path: string): Promise<string> {
    return new Promise((answer) => {
      try {
        const thread = (this.#thread ??= this.#start())
        this.#questions.push({ path, answer })
        thread.ref()
        thread.postMessage(path)
      } catch {
        answer(rowsHere(path))
      }
    })
  }

  #start(): Worker {
    const thread = new Worker(threadCode, {
      eval: true,
      env: {},
      name: 'proc-tables',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 2 },
    })
    thread.on('message', (rows: string) => {
      this.#questions.shift()?.answer(rows)
      // What waits for nothing keeps no program alive.
      if (this.#questions.length === 0) thread.unref()
    })
    thread.on('error', () => undefined)
    thread.on('exit', () => {
      this.#thread = null
      for (const { path, answer } of this.#questions.splice(0)) answer(rowsHere(path))
    })
    return thread
  }
}

const tables = new ProcTables()

/** The rows of `/proc/net/tcp` or `tcp6` with their head, without those that wait for late packets; empty: not readable. */
export const readProcTable = (path: string): Promise<string> => tables.read(path)
