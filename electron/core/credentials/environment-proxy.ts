import { BlockList, isIP } from 'node:net'

const first = (environment: Readonly<Record<string, string>>, ...names: string[]): string | null =>
  names.map((name) => environment[name]).find((value) => value !== undefined && value !== '') ?? null

/**
 * The proxy that kubectl would take from the environment for this server; null: none. The rules are those of Go's
 * httpproxy (golang.org/x/net/http/httpproxy): upper case before lower case, loopback never through a proxy, NO_PROXY
 * with names, their subdomains, addresses, CIDRs, ports and `*`; ALL_PROXY does not count.
 */
export function environmentProxy(server: string, environment: Readonly<Record<string, string>>): string | null {
  if (!URL.canParse(server)) return null
  const url = new URL(server)
  const secure = url.protocol === 'https:'
  const proxy = secure
    ? first(environment, 'HTTPS_PROXY', 'https_proxy')
    : first(environment, 'HTTP_PROXY', 'http_proxy')
  if (proxy === null) return null
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port === '' ? (secure ? '443' : '80') : url.port
  if (bypasses(host, port, first(environment, 'NO_PROXY', 'no_proxy') ?? '')) return null
  return proxyAddress(proxy)
}

/** An address without a scheme means http. */
function proxyAddress(proxy: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/]/i.test(proxy) && URL.canParse(proxy)) return proxy
  return URL.canParse(`http://${proxy}`) ? `http://${proxy}` : null
}

function bypasses(host: string, port: string, noProxy: string): boolean {
  if (host === 'localhost' || (isIP(host) !== 0 && isLoopback(host))) return true
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && (entry === '*' || matches(entry, host, port)))
}

const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.')

function matches(entry: string, host: string, port: string): boolean {
  const family = isIP(host)
  if (entry.includes('/')) return family !== 0 && inNetwork(entry, host)
  const [, bracketed, plain, wantedPort] = /^(?:\[(.+)\]|([^:]*)|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? []
  const name = bracketed ?? plain ?? entry
  if (name === '' || (wantedPort !== undefined && bracketed === undefined && plain === undefined)) return false
  if (wantedPort !== undefined && wantedPort !== port) return false
  if (isIP(name) !== 0) return family !== 0 && sameAddress(name, host)
  const suffix = name.startsWith('*.') ? name.slice(1) : name
  return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`)
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

function sameAddress(one: string, other: string): boolean {
  const list = new BlockList()
  list.addAddress(one, familyOf(one))
  return list.check(other, familyOf(other))
}

function inNetwork(entry: string, host: string): boolean {
  const [network = '', prefix = ''] = entry.split('/')
  const bits = Number(prefix)
  const most = isIP(network) === 6 ? 128 : 32
  if (isIP(network) === 0 || prefix === '' || !Number.isInteger(bits) || bits < 0 || bits > most) return false
  const list = new BlockList()
  list.addSubnet(network, bits, familyOf(network))
  return list.check(host, familyOf(host))
}
