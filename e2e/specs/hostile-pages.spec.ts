import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumPath } from '../renderer/chromium.ts'
import { expectOk } from '../support/expect-ok.ts'
import { startHost, type RunningHost } from '../support/host.ts'
import { waitUntil } from '../support/wait-until.ts'

let host: RunningHost
let browser: Browser
let context: BrowserContext
let evil: Server
let evilPort: number

/** Its pages do nothing by themselves; each spec says what they try. */
async function startEvil(): Promise<void> {
  evil = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><title>Prices</title><body></body>')
  })
  evil.listen(0, '127.0.0.1')
  await once(evil, 'listening')
  evilPort = (evil.address() as AddressInfo).port
}

beforeAll(async () => {
  if (chromiumPath === undefined) return
  host = await startHost()
  await startEvil()
  browser = await chromium.launch({
    executablePath: chromiumPath,
    args: [
      // What a rebinding name server would answer.
      '--host-resolver-rules=MAP rebind.example.test 127.0.0.1',
      // A user's page may be asked before it reaches into the local network; here the worst is assumed.
      '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,PrivateNetworkAccessChecks',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
  context = await browser.newContext()
  const own = await context.newPage()
  await own.goto(`${host.url}/#token=${host.token}`)
  await own.getByRole('main').waitFor()
  const cookies = await context.cookies(host.url)
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }])
})
afterAll(async () => {
  if (chromiumPath === undefined) return
  await browser.close()
  evil.close()
  await host.close()
})

/** A page of an attacker in the browser that is signed in to Mooring. */
async function evilPage(origin: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(origin)
  return page
}

type Attempt = Pick<RequestInit, 'method' | 'mode'> & { body?: string; headers?: Record<string, string> }
type Outcome = { read: string | null; status: number | string }

/** Tries to read or change something from within a page; answers what the page learns. */
const attempt = (page: Page, url: string, init: Attempt): Promise<Outcome> =>
  page.evaluate(
    async ([address, options]) => {
      try {
        const response = await fetch(address, { credentials: 'include', ...options })
        return { status: response.type === 'opaque' ? 'opaque' : response.status, read: await response.text() }
      } catch {
        return { status: 'blocked', read: null }
      }
    },
    [url, init] as const,
  )

/** Opens a WebSocket from within a page; answers whether it opened and what came. */
const attemptSocket = (page: Page, url: string): Promise<string[]> =>
  page.evaluate(
    (address) =>
      new Promise<string[]>((resolve) => {
        const seen: string[] = []
        const socket = new WebSocket(address)
        socket.onopen = () => {
          seen.push('open')
          socket.send('{"subscribe":"clusters"}')
        }
        socket.onmessage = (event) => seen.push(String(event.data))
        socket.onclose = () => resolve(seen)
        socket.onerror = () => resolve(seen)
        setTimeout(() => resolve(seen), 3000)
      }),
    url,
  )

const sidecarPid = async (): Promise<number | null> => (await expectOk(host.client.app.status())).sidecar.pid
const settings = async (): Promise<string> => JSON.stringify(await expectOk(host.client.settings.get()))
const origins = (): Record<string, string> => ({
  'another site': `http://localhost:${evilPort}`,
  'another port of the same site': `http://127.0.0.1:${evilPort}`,
})

describe.each(['another site', 'another port of the same site'])('a page of %s', (kind) => {
  it('reads nothing and changes nothing', async (test) => {
    if (chromiumPath === undefined) test.skip('needs Chromium')
    const before = await settings()
    const sidecar = await waitUntil('the sidecar', 20, sidecarPid)
    const page = await evilPage(origins()[kind] ?? '')
    const body = JSON.stringify({ theme: 'dark' })
    const tries: Attempt[] = [
      {},
      { mode: 'no-cors' },
      // What a form sends, and all that a restart and a lock need.
      { method: 'POST', mode: 'no-cors' },
      { method: 'POST', mode: 'no-cors', body, headers: { 'content-type': 'text/plain' } },
      { method: 'POST', body },
      { method: 'PATCH', body, headers: { 'content-type': 'application/json' } },
      { method: 'DELETE' },
      { headers: { authorization: 'Bearer guess' } },
    ]
    for (const path of ['/settings', '/clusters', '/vault/lock', '/session', '/sidecar/restart', '/login-url'])
      for (const init of tries) {
        const outcome = await attempt(page, `${host.url}/api/v1${path}`, init)
        expect(['opaque', 'blocked'], `${init.method ?? 'GET'} ${path} ${outcome.status}`).toContain(outcome.status)
        expect(outcome.read ?? '').toBe('')
      }
    expect(await settings()).toBe(before)
    expect(await sidecarPid()).toBe(sidecar)
    expect((await expectOk(host.client.vault.status())).state).toBe('unlocked')
    await page.close()
  })

  it('opens no WebSocket, and none of its addresses does harm', async (test) => {
    if (chromiumPath === undefined) test.skip('needs Chromium')
    const page = await evilPage(origins()[kind] ?? '')
    const address = host.url.replace('http', 'ws')
    for (const path of ['/api/v1/events', '/', '//', '///', '/%', '/api/v1/events?x'])
      expect(await attemptSocket(page, address + path), path).toEqual([])
    expect((await fetch(`${host.url}/healthz`)).status).toBe(200)
    await page.close()
  })

  it('cannot put it into a frame, run it as a script, post a form to it or read its window', async (test) => {
    if (chromiumPath === undefined) test.skip('needs Chromium')
    const before = await settings()
    const page = await evilPage(origins()[kind] ?? '')
    const learned = await page.evaluate(async (target) => {
      const loads = (name: 'script' | 'img' | 'link', path: string): Promise<boolean> =>
        new Promise((resolve) => {
          const element = document.createElement(name)
          element.onload = () => resolve(true)
          element.onerror = () => resolve(false)
          if (element instanceof HTMLLinkElement) Object.assign(element, { rel: 'stylesheet', href: target + path })
          else element.src = target + path
          document.body.append(element)
        })
      const frame = document.createElement('iframe')
      frame.src = target
      document.body.append(frame)
      await new Promise((resolve) => (frame.onload = resolve))
      const form = document.createElement('form')
      Object.assign(form, {
        method: 'post',
        action: `${target}/api/v1/vault/lock`,
        target: 'elsewhere',
        enctype: 'text/plain',
      })
      document.body.append(form)
      form.submit()
      return {
        script: await loads('script', '/api/v1/clusters'),
        image: await loads('img', '/api/v1/clusters'),
        style: await loads('link', '/index.html'),
        framed: frame.contentDocument?.body.childElementCount ?? 'not readable',
      }
    }, host.url)
    expect(learned).toEqual({ script: false, image: false, style: false, framed: 'not readable' })
    expect(page.frames().some((frame) => frame.url().startsWith(host.url))).toBe(false)
    expect(await settings()).toBe(before)
    expect((await expectOk(host.client.vault.status())).state).toBe('unlocked')
    await page.close()
  })
})

describe('a page of a name that was bound to this machine', () => {
  it('gets a refusal from every address, also with a header of its own', async (test) => {
    if (chromiumPath === undefined) test.skip('needs Chromium')
    const rebound = `http://rebind.example.test:${new URL(host.url).port}`
    const page = await context.newPage()
    const answer = await page.goto(rebound)
    expect(answer?.status()).toBe(403)
    expect(await page.content()).toContain('host-not-allowed')
    for (const path of ['/', '/healthz', '/api/v1/clusters', '/api/v1/openapi.json', '/index.html'])
      for (const init of [{}, { headers: { authorization: 'Bearer guess' } }, { method: 'POST' }]) {
        const { status, read } = await attempt(page, rebound + path, init)
        expect(status, path).toBe(403)
        expect(read).toContain('host-not-allowed')
      }
    expect(await attemptSocket(page, `${rebound.replace('http', 'ws')}/api/v1/events`)).toEqual([])
    await page.close()
  })
})

it('the own page still works after all of that, and its cookie is nothing a script can read', async (test) => {
  if (chromiumPath === undefined) test.skip('needs Chromium')
  const page = await context.newPage()
  await page.goto(host.url)
  await page.getByRole('main').waitFor()
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const { status } = await attempt(page, `${host.url}/api/v1/settings`, {})
  expect(status).toBe(200)
})
