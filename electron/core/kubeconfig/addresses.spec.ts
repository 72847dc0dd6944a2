import { describe, expect, it } from 'vitest'
import { isUsableProxy, maskAddress, readServer } from './addresses.ts'

describe('addresses', () => {
  it.each([
    ['https://example.com:6443/path', 'https://example.com:6443/path'],
    ['https://me:s3cr3t@example.com/k8s', 'https://•••@example.com/k8s'],
    ['https://s3cr3t@example.com', 'https://•••@example.com'],
    ['https://me:s3/cr3t@example.com', 'https://•••@example.com'],
    ['https://me:s3@cr3t@example.com', 'https://•••@example.com'],
    ['me:s3cr3t@example.com:6443', '•••@example.com:6443'],
    ['socks5://me:s3cr3t@proxy:1080', 'socks5://•••@proxy:1080'],
    ['https://example.com:6443/a@b', 'https://example.com:6443/a@b'],
  ])('hide credentials: %s', (address, shown) => {
    expect(maskAddress(address)).toBe(shown)
  })

  it.each([
    ['https://10.0.0.1:6443', { state: 'usable', secure: true, schemeMissing: false }],
    ['http://10.0.0.1', { state: 'usable', secure: false }],
    ['10.0.0.1:6443', { state: 'usable', schemeMissing: true, url: 'http://10.0.0.1:6443' }],
    ['localhost:6443', { state: 'usable', schemeMissing: true, url: 'http://localhost:6443' }],
    ['https://[::]:6443', { state: 'usable', wildcard: true }],
    ['https://rancher/k8s/clusters/c-1', { state: 'usable', url: 'https://rancher/k8s/clusters/c-1' }],
    ['htto://10.0.0.1', { state: 'bad' }],
    ['https://', { state: 'bad' }],
    ['https://a b', { state: 'bad' }],
    ['  ', { state: 'missing' }],
    [`https://${'a'.repeat(5000)}`, { state: 'bad' }],
    [null, { state: 'missing' }],
  ])('are read as kubectl reads them: %s', (server, expected) => {
    expect(readServer(server, false)).toMatchObject(expected)
  })

  it('are https without a scheme when there is anything for TLS', () => {
    expect(readServer('10.0.0.1:6443', true)).toMatchObject({ secure: true, url: 'https://10.0.0.1:6443' })
  })

  it('are masked in no time, whatever they hold', () => {
    for (const piece of [':', 'a:', '@', 'a@', ':/', '[:', '1:'])
      expect(maskAddress(`https://${piece.repeat(500_000)}`).length).toBeGreaterThan(0)
  })

  it('of proxies have one of three schemes', () => {
    const addresses = ['http://p:1', 'https://p:1', 'socks5://p:1', 'socks4://p:1', 'p:1', '']
    expect(addresses.map(isUsableProxy)).toEqual([true, true, true, false, false, false])
  })
})
