import { once } from 'node:events'
import fs from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import path from 'node:path'
import { inCluster, type ClusterLayout } from '../testbed/cluster-layout.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * What a client of the gateway meets: the API server itself (`open`), nobody (`closed`), silence, a reset, somebody
 * else's certificate, or a load balancer that passes requests on and knows no upgrades.
 */
export type GatewayMode = 'open' | 'closed' | 'silent' | 'reset' | 'foreign-certificate' | 'no-upgrade'

/** Stands before a cluster's API server on a port of this machine, as firewalls and load balancers do. */
export class ApiGateway implements AsyncDisposable {
  readonly #layout: ClusterLayout
  readonly #sockets = new Set<net.Socket>()
  readonly #front: net.Server
  readonly #balancer: https.Server
  readonly #stranger: https.Server
  #mode: GatewayMode
  #port = 0
  #longestWait = { ms: 0, until: 0 }

  private constructor(layout: ClusterLayout, bedFolder: string, mode: GatewayMode) {
    this.#layout = layout
    this.#mode = mode
    this.#front = net.createServer((client) => this.#take(client))
    const pki = (name: string): string => fs.readFileSync(inCluster(layout, 'pki', name), 'utf8')
    const own = { cert: pki('apiserver.crt'), key: pki('apiserver.key') }
    this.#balancer = https.createServer(own, (request, response) => this.#passOn(request, response, pki('ca.crt')))
    // The issuer's certificate is good for 127.0.0.1, but signed by an authority of its own.
    const issuer = (name: string): Buffer => fs.readFileSync(path.join(bedFolder, 'issuer', name))
    this.#stranger = https.createServer({ cert: issuer('issuer.crt'), key: issuer('issuer.key') })
  }

  static async start(layout: ClusterLayout, bedFolder: string, mode: GatewayMode): Promise<ApiGateway> {
    const gateway = new ApiGateway(layout, bedFolder, mode)
    await gateway.#listen()
    if (mode === 'closed') await gateway.#stopListening()
    return gateway
  }

  get port(): number {
    return this.#port
  }

  /** The longest that somebody waited in silence before giving up, ms, and when (performance.now()) that was. */
  get longestWait(): { readonly ms: number; readonly until: number } {
    return this.#longestWait
  }

  /** From now on; connections that are open are cut. */
  async become(mode: GatewayMode): Promise<void> {
    const before = this.#mode
    this.#mode = mode
    for (const socket of this.#sockets) socket.destroy()
    if (mode === 'closed' && before !== 'closed') await this.#stopListening()
    if (mode !== 'closed' && before === 'closed') await this.#listen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#mode !== 'closed') await this.become('closed')
  }

  async #listen(): Promise<void> {
    this.#front.listen(this.#port, '127.0.0.1')
    await once(this.#front, 'listening')
    this.#port = (this.#front.address() as net.AddressInfo).port
  }

  async #stopListening(): Promise<void> {
    const closed = once(this.#front, 'close')
    this.#front.close()
    await closed
  }

  #keep(socket: net.Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  #take(client: net.Socket): void {
    this.#keep(client)
    switch (this.#mode) {
      case 'open': {
        const server = net.connect(this.#layout.ports.api, this.#layout.addresses.main)
        this.#keep(server)
        server.on('close', () => client.destroy())
        client.on('close', () => server.destroy())
        client.pipe(server).pipe(client)
        return
      }
      case 'foreign-certificate':
        this.#stranger.emit('connection', client)
        return
      case 'no-upgrade':
        this.#balancer.emit('connection', client)
        return
      case 'reset':
        client.resetAndDestroy()
        return
      case 'silent':
        this.#measureWait(client)
        return
      case 'closed':
        return
    }
  }

  #measureWait(client: net.Socket): void {
    const since = performance.now()
    client.resume()
    client.on('close', () => {
      const until = performance.now()
      if (until - since > this.#longestWait.ms) this.#longestWait = { ms: until - since, until }
    })
  }

  #passOn(request: IncomingMessage, response: ServerResponse, ca: string): void {
    const hop = /^(connection|upgrade|keep-alive|sec-websocket-.*)$/
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hop.test(name)))
    const { method, url } = request
    const target = { host: this.#layout.addresses.main, port: this.#layout.ports.api }
    const passed = https.request({ ...target, ca, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    request.pipe(passed)
  }
}
