import type { ProcessFacts, SocketOwner, TokenHolder } from './platform.ts'
import { childTokenVariable } from './child-token.ts'

/** Readers of what lsof(8) and ps(1) of macOS print. */

export type LsofSocket = SocketOwner & { readonly name: string }

/** `lsof -F pcn`: a line per field, its first letter says which; n lines belong to the last p and c. */
export function parseLsof(text: string): LsofSocket[] {
  const sockets: LsofSocket[] = []
  let pid = 0
  let command = ''
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    if (line.startsWith('p')) pid = Number(value)
    // Spaces and odd characters of a program's name are printed as \x20.
    if (line.startsWith('c')) {
      command = value.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    }
    if (line.startsWith('n') && pid > 0) sockets.push({ pid, process: command, name: value })
  }
  return sockets
}

/** Whether a listening socket's name (`127.0.0.1:8080`, `*:8080`, `[::1]:8080`) is in the way of this address. */
export function listensAt(name: string, address: string, port: number): boolean {
  const at = name.lastIndexOf(':')
  if (at === -1 || Number(name.slice(at + 1)) !== port) return false
  const host = name.slice(0, at).replace(/^\[|\]$/g, '')
  return host === '*' || host === address || address === '0.0.0.0' || address === '::'
}

/** Whether a connection's name (`127.0.0.1:45563->127.0.0.1:50000`) has these two ports. */
export function connects(name: string, localPort: number, peerPort: number): boolean {
  const match = /:(\d+)->.*:(\d+)$/.exec(name)
  return match !== null && Number(match[1]) === localPort && Number(match[2]) === peerPort
}

/** The fields that {@link parsePsFacts} reads; lstart is five words. */
export const psFactsFields = 'state=,lstart=,time=,rss='

/** Null: the line says nothing of a process (it is gone, or ps printed something else). */
export function parsePsFacts(line: string): ProcessFacts | null {
  const match = /^\s*(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(\S+)\s+(\d+)\s*$/.exec(line.trimEnd())
  if (match === null) return null
  const [, state = '', started = '', time = '', rss = ''] = match
  return {
    startTime: started.replace(/\s+/g, ' '),
    state: state.startsWith('Z') ? 'dead' : state.startsWith('T') ? 'stopped' : 'running',
    cpuMs: parsePsTime(time),
    rssBytes: Number(rss) * 1024,
  }
}

/** `12:34.56`, `1:02:03.45`, `2-03:04:05`: days, hours, minutes, seconds. */
export function parsePsTime(time: string): number {
  const [rest = '', days = '0'] = time.split('-').reverse()
  const seconds = rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1000)
}

/** `ps -axEww -o pid=,pgid=,state=,lstart=,command=`: -E puts the environment behind the command, for our own only. */
export const psTokenFields = 'pid=,pgid=,state=,lstart=,command='

/** The living processes whose environment holds one of these tokens. */
export function parsePsTokens(text: string, tokens: ReadonlySet<string>): TokenHolder[] {
  const holders: TokenHolder[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w{3}\s+\w{3}\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/.exec(line)
    const token = new RegExp(`(?:^|\\s)${childTokenVariable}=([0-9a-f]+)(?:\\s|$)`).exec(match?.[5] ?? '')?.[1]
    if (match === null || token === undefined || !tokens.has(token) || match[3]?.startsWith('Z') === true) continue
    holders.push({
      pid: Number(match[1]),
      group: Number(match[2]),
      startTime: (match[4] ?? '').replace(/\s+/g, ' '),
      token,
    })
  }
  return holders
}
