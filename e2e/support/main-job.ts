import { readFile } from 'node:fs/promises'
import { delimiter, dirname } from 'node:path'

import type { Cluster } from '../../contract/clusters.ts'
import type { CreateForwardInput, Forward } from '../../contract/forwards.ts'
import type { Client } from '../../contract/client.ts'
import { sharedBed } from '../testbed/shared-bed.ts'
import { attachTestbed, type Testbed } from '../testbed/testbed.ts'
import { expectOk } from './expect-ok.ts'
import { waitUntil } from './wait-until.ts'

/** The bed that all specs share. */
export const sharedTestbed = (): Promise<Testbed> => attachTestbed(sharedBed())

/** The environment in which the bed's own kubectl comes first; a terminal's, so that no login shell puts others before. */
export const withKubectl = (bed: Testbed): Record<string, string> => ({
  TERM: 'dumb',
  PATH: `${dirname(bed.kubectl)}${delimiter}${process.env.PATH ?? ''}`,
})

/** Adds one user of a bed's cluster as a cluster of Mooring, allowing the command it needs. */
export async function addCluster(client: Client, kubeconfigPath: string, name: string): Promise<Cluster> {
  const text = await readFile(kubeconfigPath, 'utf8')
  const preview = await expectOk(client.kubeconfigs.preview({ text }))
  const context = preview.contexts[0]
  if (context === undefined) throw new Error(`no context in ${kubeconfigPath}`)
  const added = await expectOk(
    client.clusters.add({
      text,
      contexts: [{ context: context.context, name }],
      ...(context.command === null
        ? {}
        : { allowCommands: [{ command: context.command.command, args: context.command.args }] }),
      embedFiles: context.files.filter((file) => file.exists && file.field !== 'tokenFile').map((file) => file.path),
    }),
  )
  const cluster = added[0]
  if (cluster === undefined) throw new Error('nothing was added')
  return cluster
}

/** A forward that starts before the sidecar can watch lets kubectl find its pod. */
export const sidecarReady = (client: Client): Promise<unknown> =>
  waitUntil('the sidecar', 30, async () => (await expectOk(client.app.status())).sidecar.state === 'ready')

/** Waits until a forward is in a state; its cause is part of what is said when it does not get there. */
export function waitForState(client: Client, id: string, state: Forward['state'], seconds = 75): Promise<Forward> {
  let last = ''
  return waitUntil(`forward in state ${state}`, seconds, async () => {
    const forward = await expectOk(client.forwards.get({ id }))
    last = `${forward.state} ${forward.cause?.code ?? ''} ${forward.cause?.detail ?? ''} ${forward.cause?.message ?? ''}`
    if (forward.state === state) return forward
    throw new Error(last)
  })
}

/** Creates a forward and waits until it is live. */
export async function liveForward(
  client: Client,
  input: CreateForwardInput | Parameters<Client['forwards']['create']>[0],
): Promise<Forward> {
  const created = await expectOk(client.forwards.create(input))
  return waitForState(client, created.id, 'live')
}

/** Address of a forward's first port. */
export function localAddress(forward: Forward, index = 0): { host: string; port: number } {
  const port = forward.ports[index]
  if (port === undefined) throw new Error('the forward has no such port')
  return { host: port.bind, port: port.local }
}
