import { networkInterfaces } from 'node:os'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { readProcTable } from './proc-table.ts'
import { sharedReading } from './shared-reading.ts'

/**
 * Who of our clients has closed its socket altogether. A client's end alone does not tell: a program that only ended
 * its sending side still waits for the answer. Where the system does not tell, nobody counts as gone.
 */
export type ClientPresence = {
  gone(clients: readonly Socket[]): Promise<Set<Socket>>
  /** The same for one client, when there is no hurry: many questions are answered together, within 2 s. */
  isGoneSoon(client: Socket): Promise<boolean>
}

/** Where the system does not tell who is gone. */
export const nobodyIsGone: ClientPresence = {
  gone: () => Promise.resolve(new Set()),
  isGoneSoon: () => Promise.resolve(false),
}

/** One end of a TCP connection as /proc/net/tcp prints it. */
export type TcpEnd = { readonly state: string; readonly inode: string; readonly unread: number }

type TcpEnds = Map<string, TcpEnd>

const closeWait = '08'

/** A look at the table may take ms on a busy machine: questions without hurry wait several times as long as one took. */
const patienceMs = { least: 250, most: 1_000, perCost: 8 }

/**
 * Rows of /proc/net/tcp and tcp6 (proc(5)) by "local peer", IPv4-mapped addresses as IPv4. Listeners are left out, and
 * ends that only wait for late packets, of which a busy machine has thousands.
 */
export function parseTcpEnds(text: string, into: TcpEnds = new Map()): TcpEnds {
  for (const line of text.split('\n')) {
    const start = line.indexOf(': ') + 2
    const peerAt = line.indexOf(' ', start) + 1
    const stateAt = line.indexOf(' ', peerAt) + 1
    if (start < 2 || peerAt === 0 || stateAt === 0) continue
    const state = line.slice(stateAt, stateAt + 2)
    if (state === '0A' || state === '06') continue
    const [queues, , , , , inode] = line.slice(stateAt + 3).split(/ +/)
    if (queues === undefined || inode === undefined) continue
    const key = `${unmapped(line.slice(start, peerAt - 1))} ${unmapped(line.slice(peerAt, stateAt - 1))}`
    into.set(key, { state, inode, unread: Number.parseInt(queues.split(':')[1] ?? '0', 16) })
  }
  return into
}

const mapped = '0000000000000000FFFF0000'
const unmapped = (end: string): string => (end.startsWith(mapped) ? end.slice(mapped.length) : end)

/** An address and port the way /proc/net/tcp prints them: each 32-bit word in the byte order of the machine. */
export function printedEnd(address: string, port: number): string {
  const bytes = addressBytes(address)
  const words: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4).reverse()
    words.push(word.map(hexByte).join(''))
  }
  return `${words.join('')}:${port.toString(16).toUpperCase().padStart(4, '0')}`
}

const hexByte = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0')

function addressBytes(address: string): number[] {
  const bare = address.replace(/%.*$/, '')
  const four = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.(\d+)$/i.exec(bare)
  if (four !== null) return four.slice(1).map(Number)
  const [head = '', tail] = bare.split('::')
  const groups = (text: string): number[] =>
    text === ''
      ? []
      : text.split(':').flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
  const start = groups(head)
  const end = tail === undefined ? [] : groups(tail)
  return [...start, ...Array<number>(16 - start.length - end.length).fill(0), ...end]
}

/**
 * Whether the program at the other end is gone, from both ends' rows. Ours is missing: it was reset. Ours waits for our
 * close, and the client's is missing or belongs to no process (inode 0): the client closed it. A client on another
 * machine has no row here: it is gone for certain only if it ended without having sent anything.
 */
export function isGone(ours: TcpEnd | undefined, theirs: TcpEnd | undefined, clientIsHere: boolean): boolean {
  if (ours === undefined) return true
  if (ours.state !== closeWait) return false
  // The end itself counts as one unread byte.
  if (!clientIsHere) return ours.unread === 1
  return theirs === undefined || theirs.inode === '0'
}

/** Linux tells: one table of all sockets answers for any number of clients, so that questions share a reading. */
export class LinuxClientPresence implements ClientPresence {
  readonly #read = sharedReading(readTable)

  async gone(clients: readonly Socket[]): Promise<Set<Socket>> {
    // The kernel may leave out a row of a table that changes while it is printed, so one look proves nothing.
    let suspects = clients.filter((client) => !client.destroyed)
    for (let look = 0; look < 2 && suspects.length > 0; look += 1) {
      const ends = await this.#read()
      const here = addressesHere()
      suspects = suspects.filter((client) => clientIsGone(client, ends, here))
    }
    return new Set([...suspects, ...clients.filter((client) => client.destroyed)])
  }

  #batch: { readonly clients: Socket[]; readonly answer: Promise<Set<Socket>> } | null = null

  async isGoneSoon(client: Socket): Promise<boolean> {
    const clients = this.#batch?.clients ?? []
    clients.push(client)
    this.#batch ??= {
      clients,
      answer: sleep(this.#patience, undefined, { ref: false }).then(() => {
        this.#batch = null
        return this.#measured(clients)
      }),
    }
    return (await this.#batch.answer).has(client)
  }

  #patience = patienceMs.least

  async #measured(clients: readonly Socket[]): Promise<Set<Socket>> {
    const before = performance.now()
    const gone = await this.gone(clients)
    const cost = (performance.now() - before) * patienceMs.perCost
    this.#patience = Math.min(Math.max(cost, patienceMs.least), patienceMs.most)
    return gone
  }
}

function clientIsGone(client: Socket, ends: TcpEnds, here: ReadonlySet<string>): boolean {
  const { localAddress, localPort, remoteAddress, remotePort } = client
  if (localAddress === undefined || localPort === undefined) return true
  if (remoteAddress === undefined || remotePort === undefined) return true
  const ours = printedEnd(localAddress, localPort)
  const theirs = printedEnd(remoteAddress, remotePort)
  const peer = plain(remoteAddress)
  return isGone(ends.get(`${ours} ${theirs}`), ends.get(`${theirs} ${ours}`), peer.startsWith('127.') || here.has(peer))
}

const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')

function addressesHere(): Set<string> {
  const here = new Set<string>(['::1'])
  for (const list of Object.values(networkInterfaces())) for (const { address } of list ?? []) here.add(plain(address))
  return here
}

async function readTable(): Promise<TcpEnds> {
  const ends: TcpEnds = new Map()
  for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
    parseTcpEnds(await readProcTable(path), ends)
  }
  return ends
}

/** The way of this system to tell whether a client that is not read has left. */
export function createClientPresence(os: NodeJS.Platform = process.platform): ClientPresence {
  return os === 'linux' ? new LinuxClientPresence() : nobodyIsGone
}
