import { readdirSync, readlinkSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readProcTable } from './proc-table.ts'
import { parseTcpTable, type TcpSocket } from './linux-proc.ts'
import { sharedReading } from './shared-reading.ts'

/** So many processes are looked at before others get a turn; one takes some 50 microseconds. */
const perTurn = 20

export const allPids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

/** The inodes of the sockets a process holds; none for another user's process, or one that is gone. */
function socketsOf(pid: number): string[] {
  const inodes: string[] = []
  try {
    for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1]
        if (inode !== undefined) inodes.push(inode)
      } catch {
        // closed meanwhile
      }
    }
  } catch {
    // gone, or not ours to look at
  }
  return inodes
}

/** Says which process holds a TCP socket, by its inode (proc(5)). What it learnt is used again, and checked first. */
export class LinuxSockets {
  #holders = new Map<string, number>()
  /** Twenty forwards that start ask at the same time. */
  readonly #sockets = sharedReading(async () => {
    const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readProcTable))
    return tables.flatMap(parseTcpTable).filter(({ inode }) => inode !== '0')
  })

  /** The pid that holds a socket of this kind; `likely` pids are asked first. */
  async holderOf(matches: (socket: TcpSocket) => boolean, likely: readonly number[]): Promise<number | null> {
    const found = (await this.#sockets()).filter(matches)
    const inodes = new Set(found.map(({ inode }) => inode))
    if (inodes.size === 0) return null
    const known = [...inodes].flatMap((inode) => this.#holders.get(inode) ?? [])
    for (const pid of [...likely, ...known]) {
      if (socketsOf(pid).some((inode) => inodes.has(inode))) return pid
    }
    await this.#lookEverywhere()
    for (const inode of inodes) {
      const pid = this.#holders.get(inode)
      if (pid !== undefined) return pid
    }
    return null
  }

  async #lookEverywhere(): Promise<void> {
    const holders = new Map<string, number>()
    for (const [index, pid] of allPids().entries()) {
      // A socket that several hold belongs to the oldest: the others inherited it.
      for (const inode of socketsOf(pid)) if (!holders.has(inode)) holders.set(inode, pid)
      if (index % perTurn === perTurn - 1) await nextTurn()
    }
    this.#holders = holders
  }
}
