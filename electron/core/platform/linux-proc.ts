/** Readers of the files under /proc, as proc(5) describes them; pure, so that odd contents can be tested. */

export type ProcessStat = {
  readonly state: 'running' | 'stopped' | 'dead'
  readonly group: number
  /** Field 22: clock ticks after boot. */
  readonly startTime: string
  readonly cpuMs: number
}

/** The kernel reports times to programs in hundredths of a second (USER_HZ), on every architecture Node runs on. */
const msPerTick = 10

/**
 * The fields of a /proc/PID/stat from field 3 (state) on, `most` of them. The program's name before them stands in brackets and
 * may itself hold brackets and spaces.
 */
export const statFields = (text: string, most?: number): string[] =>
  text.slice(text.lastIndexOf(')') + 2).split(' ', most)

/** /proc/PID/stat. */
export function parseStat(text: string): ProcessStat | null {
  if (!text.includes(')')) return null
  const fields = statFields(text)
  const field = (number: number): string | undefined => fields[number - 3]
  const letter = field(3)
  const group = field(5)
  const userTicks = field(14)
  const systemTicks = field(15)
  const startTime = field(22)
  if (letter === undefined || group === undefined || startTime === undefined) return null
  return {
    state: stateOfLetter(letter),
    group: Number(group),
    startTime,
    cpuMs: (Number(userTicks) + Number(systemTicks)) * msPerTick,
  }
}

/** PF_EXITING of the kernel, in field 9 (flags): it was ended and is being taken apart, its sockets first. */
const exiting = 0x4

/** The state alone; who is exiting counts as dead, and so does who is gone (no text). */
export function stateInStat(text: string): ProcessStat['state'] {
  const [letter = '', , , , , , flags] = statFields(text, 7)
  if (letter === '') return 'dead'
  return (Number(flags) & exiting) === 0 ? stateOfLetter(letter) : 'dead'
}

/**
 * Whether none of these threads is at work; `statOf` reads the stat of one (empty: it is gone; null: it cannot be read,
 * so that nothing is known), which takes a moment. They are asked twice, the second time backwards: one that rested when
 * it was read may have been woken since by one that is read later and rests by then.
 */
export function allRest(threads: readonly string[], statOf: (thread: string) => string | null): boolean {
  const rests = (thread: string): boolean => {
    const stat = statOf(thread)
    return stat !== null && !isAtWork(stat)
  }
  return threads.every(rests) && threads.toReversed().every(rests)
}

/** Whether this thread runs, or waits for a processor or a disk. */
function isAtWork(text: string): boolean {
  const [letter = ''] = statFields(text, 1)
  return letter === 'R' || letter === 'D'
}

/** `t` is a process that a debugger has stopped. */
function stateOfLetter(letter: string): ProcessStat['state'] {
  if (letter === 'Z' || letter === 'X' || letter === 'x') return 'dead'
  return letter === 'T' || letter === 't' ? 'stopped' : 'running'
}

/** Resident memory of /proc/PID/status in bytes; 0 for a process without memory (a zombie). */
export function parseStatusRss(text: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024
}

/** One variable of /proc/PID/environ. */
export function environmentOf(text: string, name: string): string | null {
  const entry = text.split('\0').find((line) => line.startsWith(`${name}=`))
  return entry === undefined ? null : entry.slice(name.length + 1)
}

export type TcpSocket = {
  readonly localAddress: string
  readonly localPort: number
  readonly peerPort: number
  readonly listening: boolean
  readonly inode: string
}

/** /proc/net/tcp and /proc/net/tcp6. Addresses are hexadecimal, each 32-bit word in the machine's byte order. */
export function parseTcpTable(text: string): TcpSocket[] {
  const sockets: TcpSocket[] = []
  for (const line of text.split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/)
    const [, local, peer, state] = fields
    const inode = fields[9]
    if (local === undefined || peer === undefined || state === undefined || inode === undefined) continue
    const [address = '', port = ''] = local.split(':')
    sockets.push({
      localAddress: parseAddress(address),
      localPort: Number.parseInt(port, 16),
      peerPort: Number.parseInt(peer.split(':')[1] ?? '', 16),
      listening: state === '0A',
      inode,
    })
  }
  return sockets
}

/** The kernel prints words in host order; every machine Node 24 supports on Linux but s390x is little-endian. */
function parseAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)?.flatMap((word) => (word.match(/../g) ?? []).reverse()) ?? []
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16))
  if (numbers.length === 4) return numbers.join('.')
  const mapped = numbers.slice(0, 10).every((byte) => byte === 0) && numbers[10] === 255 && numbers[11] === 255
  if (mapped) return numbers.slice(12).join('.')
  if (numbers.every((byte) => byte === 0)) return '::'
  if (numbers.slice(0, 15).every((byte) => byte === 0)) return `::${(numbers[15] ?? 0).toString(16)}`
  return (
    bytes
      .join('')
      .match(/.{4}/g)
      ?.map((group) => Number.parseInt(group, 16).toString(16))
      .join(':') ?? ''
  )
}
