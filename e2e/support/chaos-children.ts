import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { statFields } from '../../electron/core/platform/linux-proc.ts'
import { descendantsOf, type ProcessRef } from './leftovers.ts'

/** A kubectl as the system shows it; nothing of this is asked of the owner. */
export type SeenKubectl = ProcessRef & { stopped: boolean; listening: boolean }

async function isStopped(pid: number): Promise<boolean> {
  return statFields(await readFile(`/proc/${pid}/stat`, 'utf8'))[0] === 'T'
}

/** Inodes of the sockets that listen on this machine. */
async function listeningSockets(): Promise<Set<string>> {
  const table = await readFile('/proc/net/tcp', 'utf8')
  const rows = table.split('\n').slice(1)
  return new Set(
    rows.map((row) => row.trim().split(/\s+/)).flatMap((cells) => (cells[3] === '0A' ? [cells[9] ?? ''] : [])),
  )
}

async function holdsOneOf(pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
    if (sockets.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) return true
  }
  return false
}

/** The kubectl port-forwards below an owner. Linux only. */
export async function kubectlsOf(ownerPid: number): Promise<SeenKubectl[]> {
  const [below, sockets] = await Promise.all([descendantsOf(ownerPid), listeningSockets()])
  const seen: SeenKubectl[] = []
  for (const one of below) {
    if (!one.command.includes('port-forward')) continue
    try {
      seen.push({ ...one, stopped: await isStopped(one.pid), listening: await holdsOneOf(one.pid, sockets) })
    } catch {
      // It has ended meanwhile.
    }
  }
  return seen
}

/** Looks at an owner's kubectls ten times a second; `latest` is what was seen last, and when the look began. */
export function watchKubectls(ownerPid: number): {
  latest(): { at: number; all: SeenKubectl[] }
  stop(): Promise<void>
} {
  let latest: { at: number; all: SeenKubectl[] } = { at: 0, all: [] }
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      const at = performance.now()
      latest = { at, all: await kubectlsOf(ownerPid) }
      await pause(100)
    }
  })()
  return {
    latest: () => latest,
    stop: async () => {
      over.abort()
      await watching
    },
  }
}
