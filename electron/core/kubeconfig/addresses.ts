const mask = '•••'

/** An address with user name and password hidden; everything else stays as written. */
export function maskAddress(address: string): string {
  const found = findCredentials(address)
  return found === null ? address : `${address.slice(0, found.from)}${mask}${address.slice(found.to)}`
}

export const holdsCredentials = (address: string): boolean => findCredentials(address) !== null

/** Where user name and password stand, without the @ behind them. */
function findCredentials(address: string): { from: number; to: number } | null {
  const from = /^[a-z][a-z\d+.-]*:\/\//i.exec(address)?.[0].length ?? 0
  const rest = address.slice(from)
  const authority = rest.split(/[/?#]/, 1)[0] ?? ''
  if (authority.includes('@')) return { from, to: from + authority.lastIndexOf('@') }
  // An unescaped slash in a password ends what a parser takes for the authority; "host:6443/a@b" is no password.
  const colon = authority.indexOf(':', 1)
  if (colon === -1 || !rest.includes('@')) return null
  const onlyPort = /^\d*$/.test(authority.slice(colon + 1)) && rest[authority.length] === '/'
  return onlyPort ? null : { from, to: from + rest.lastIndexOf('@') }
}

/** Far above what any address needs; everything behind this may then take its time with each letter. */
const longestAddress = 4096

export type ServerAddress =
  | { state: 'missing' }
  | { state: 'bad' }
  | { state: 'usable'; secure: boolean; schemeMissing: boolean; wildcard: boolean; url: string }

/**
 * Reads a server address as client-go does (rest.DefaultServerURL): without a scheme it is https when there is anything
 * for TLS (CA, client certificate, skip-verify), else http. `url` has the scheme.
 */
export function readServer(server: string | null, hasTls: boolean): ServerAddress {
  if (server === null || server.trim() === '') return { state: 'missing' }
  if (server.length > longestAddress) return { state: 'bad' }
  const schemeMissing = !/^[a-z][a-z\d+.-]*:\/\//i.test(server)
  const url = schemeMissing ? `${hasTls ? 'https' : 'http'}://${server}` : server
  const parsed = URL.parse(url)
  if (parsed === null || parsed.hostname === '' || /\s/.test(server)) return { state: 'bad' }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return { state: 'bad' }
  const wildcard = parsed.hostname === '0.0.0.0' || parsed.hostname === '[::]'
  return { state: 'usable', secure: parsed.protocol === 'https:', schemeMissing, wildcard, url }
}

/** client-go takes these schemes for proxies (clientcmd.parseProxyURL). */
export function isUsableProxy(address: string): boolean {
  const parsed = address.length > longestAddress ? null : URL.parse(address)
  return parsed !== null && parsed.hostname !== '' && ['http:', 'https:', 'socks5:'].includes(parsed.protocol)
}
