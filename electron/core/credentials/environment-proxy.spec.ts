import { describe, expect, it } from 'vitest'
import { environmentProxy } from './environment-proxy.ts'

const server = 'https://api.prod.example.com:6443'
const proxy = 'http://proxy.corp:3128'

describe('the proxy of the environment', () => {
  it.each([
    [server, { HTTPS_PROXY: proxy }, proxy],
    [server, { https_proxy: proxy }, proxy],
    [server, { HTTPS_PROXY: proxy, https_proxy: 'http://other' }, proxy],
    [server, { HTTPS_PROXY: '', https_proxy: proxy }, proxy],
    [server, { HTTPS_PROXY: 'proxy.corp:3128' }, proxy],
    [server, { HTTPS_PROXY: 'socks5://proxy.corp:1080' }, 'socks5://proxy.corp:1080'],
    [server, { HTTP_PROXY: proxy, ALL_PROXY: proxy }, null],
    ['http://api.example.com', { HTTP_PROXY: proxy }, proxy],
    [server, {}, null],
    ['https://localhost:6443', { HTTPS_PROXY: proxy }, null],
    ['https://127.0.0.1:6443', { HTTPS_PROXY: proxy }, null],
    ['https://[::1]:6443', { HTTPS_PROXY: proxy }, null],
    ['not an address', { HTTPS_PROXY: proxy }, null],
  ])('for %s with %j is %s', (address, environment, expected) => {
    expect(environmentProxy(address, environment as Record<string, string>)).toBe(expected)
  })

  it.each([
    ['*', server, false],
    ['example.com', server, false],
    ['.example.com', server, false],
    ['*.prod.example.com', server, false],
    ['EXAMPLE.com', server, false],
    ['api.prod.example.com:6443', server, false],
    ['api.prod.example.com:443', server, true],
    ['ample.com', server, true],
    ['.api.prod.example.com', server, true],
    ['other.com, ,10.0.0.0/8', server, true],
    ['10.0.0.0/8', 'https://10.1.2.3:6443', false],
    ['10.0.0.0/8', 'https://11.1.2.3:6443', true],
    ['10.1.2.3', 'https://10.1.2.3:6443', false],
    ['10.1.2.3:6443', 'https://10.1.2.3:6443', false],
    ['10.1.2.3:443', 'https://10.1.2.3:6443', true],
    ['fd00::/8', 'https://[fd00::1]:6443', false],
    ['fd00::1', 'https://[fd00::1]:6443', false],
    ['[fd00::1]:6443', 'https://[fd00::1]:6443', false],
    ['[fd00::1]:443', 'https://[fd00::1]:6443', true],
    ['10.0.0.0/99', 'https://10.1.2.3:6443', true],
  ])('with NO_PROXY=%s and %s is taken: %s', (noProxy, address, taken) => {
    expect(environmentProxy(address, { HTTPS_PROXY: proxy, NO_PROXY: noProxy })).toBe(taken ? proxy : null)
  })
})
