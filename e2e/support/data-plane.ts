import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { Tunnel } from '../../electron/core/forwards/tunnel/tunnel.ts'
import type { PodRow } from '../testbed/pods.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import { waitUntil } from './wait-until.ts'
import { barePod } from '../testbed/workloads.ts'
import { TunnelLane } from './tunnel-lane.ts'

export const MiB = 1 << 20

/** What the specs of one file share: the bed, a namespace with the pod `web`, and lanes that end with their spec. */
export type DataPlane = {
  readonly bed: Testbed
  readonly namespace: string
  readonly pod: PodRow
  lane(): Promise<TunnelLane>
  /** A pod of its own, for specs that break it. */
  newPod(name: string): Promise<PodRow>
}

/** To be called in a `describe`; what it answers may be used in its specs. */
export function useDataPlane(): DataPlane {
  let bed: Testbed
  let namespace: string
  let pod: PodRow
  const lanes: TunnelLane[] = []

  const newPod = async (name: string): Promise<PodRow> => {
    await bed.a.apply(barePod({ namespace, name, graceSeconds: 1 }))
    const [row] = await bed.a.waitForPods(namespace, `app=${name}`, 1)
    if (row === undefined) throw new Error('no pod')
    return row
  }
  beforeAll(async () => {
    bed = await attachTestbed(sharedBed())
    namespace = await bed.a.createNamespace('data-plane')
    pod = await newPod('web')
  })
  afterEach(async () => {
    for (const lane of lanes.splice(0)) await lane[Symbol.asyncDispose]()
  })
  afterAll(async () => {
    await bed.a.deleteNamespace(namespace)
    await bed.close()
  })
  return {
    get bed() {
      return bed
    },
    get namespace() {
      return namespace
    },
    get pod() {
      return pod
    },
    newPod,
    async lane() {
      const lane = await new TunnelLane(bed.a, bed.kubectl, namespace).listen()
      lanes.push(lane)
      return lane
    },
  }
}

export async function dial(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

/** Everything until the end of the stream; rejects on a reset. */
export async function readToEnd(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Answers with what comes next, or came since the last question; everything heard is kept, nothing can be missed. */
export class Conversation {
  readonly socket: net.Socket
  #heard = ''

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => (this.#heard += chunk.toString()))
    socket.on('error', (error) => (this.#heard += ` (${error.message})`))
  }

  static async with(port: number): Promise<Conversation> {
    return new Conversation(await dial(port))
  }

  say(words: string | Buffer): void {
    this.socket.write(words)
  }

  async hears(text: string | RegExp): Promise<void> {
    const matches = (): boolean => (typeof text === 'string' ? this.#heard === text : text.test(this.#heard))
    await waitUntil(`to hear ${text.toString()}`, 60, matches, 5).catch((error: unknown) => {
      throw new Error(`heard ${JSON.stringify(this.#heard)}`, { cause: error })
    })
    this.#heard = ''
  }

  end(): void {
    this.socket.destroy()
  }
}

/** On a machine that stands still for seconds a probe rightly says stalled, and a spare kubectl may be on its way: the next is asked. */
export const isFoundAlive = (tunnel: Tunnel, seconds = 20): Promise<unknown> =>
  waitUntil('a live probe', seconds, async () => (await tunnel.probe()).kind === 'live')

export function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', path, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}
