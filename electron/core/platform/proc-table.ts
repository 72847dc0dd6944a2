import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

/**
 * The rows of a table of sockets under /proc (proc(5)); none where it cannot be read. Ends that only wait for late
 * packets are left out: a busy machine has thousands of them. Runs in a thread of its own as well, so it uses nothing
 * from outside.
 */
function rowsOf(path: string, read: (path: string, encoding: 'latin1') => string): string {
  try {
    const rows = read(path, 'latin1').split('\n')
    return rows.filter((row) => !/^ *\d+: \S+ \S+ 06 /.test(row)).join('\n')
  } catch {
    return ''
  }
}

const threadCode = `
const { readFileSync } = process.getBuiltinModule('node:fs')
const { parentPort } = process.getBuiltinModule('node:worker_threads')
const rowsOf = ${rowsOf.toString()}
parentPort.on('message', (path) => parentPort.postMessage(rowsOf(path, readFileSync)))
`

/** Where the system has no thread for us (its limit of processes counts them): that only takes others' time. */
const rowsHere = (path: string): string => rowsOf(path, readFileSync)

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
      resourceLimits: { maxOldGenerationSizeMb: 64 },
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
