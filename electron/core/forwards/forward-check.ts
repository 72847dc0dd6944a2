import type { CheckForwardInput, ForwardCheck, PortInput } from '../../../contract/forwards.ts'
import { addressOf, isExposed } from '../../../contract/local-address.ts'
import type { ClusterConnection, SidecarParams } from '../../../contract/sidecar.ts'
import type { Result } from '../../../contract/errors.ts'
import type { CredentialFailure } from '../credentials/credentials.ts'
import type { Platform } from '../platform/platform.ts'
import type { SidecarAnswer } from '../sidecar/sidecar-client.ts'
import type { StoredForward } from '../store/forward-table.ts'
import { isLocalAddress, overlap, ownerWords, testBind } from './listener/local-port.ts'

export type CheckSurroundings = {
  readonly platform: Pick<Platform, 'ownerOfPort'>
  /** All other forwards that are wanted on. */
  readonly wanted: () => readonly StoredForward[]
  readonly resolve: (clusterId: string) => Promise<Result<ClusterConnection, CredentialFailure>>
  readonly setCluster: (clusterId: string, connection: ClusterConnection) => void
  readonly askAccess: (
    params: SidecarParams<'access'>,
  ) => Promise<SidecarAnswer<{ allowed: boolean; reason: string | null }[]>>
}

type PortCheck = ForwardCheck['ports'][number]
type Given = Omit<CheckForwardInput, 'ports'> & { ports: readonly PortInput[] }

/** Says for a form, before anything is saved, whether the local ports are free and whether forwarding is allowed. */
export async function checkForward(input: Given, surroundings: CheckSurroundings): Promise<ForwardCheck> {
  const others = surroundings.wanted().filter((forward) => forward.id !== input.forwardId)
  const own = surroundings.wanted().find((forward) => forward.id === input.forwardId)
  const [ports, access] = await Promise.all([
    Promise.all(input.ports.map((port) => checkPort(port, others, own, surroundings.platform))),
    checkAccess(input, surroundings),
  ])
  return { ports, access }
}

async function checkPort(
  { local, bind }: PortInput,
  others: readonly StoredForward[],
  own: StoredForward | undefined,
  platform: CheckSurroundings['platform'],
): Promise<PortCheck> {
  const base = { local, bind, owner: null, exposed: isExposed(bind) }
  if (!isLocalAddress(bind))
    return { ...base, status: 'address-not-local', message: `${bind} is not an address of this machine.` }
  if (local === 0) return { ...base, status: 'chosen-later', message: 'A free port is chosen once and kept.' }
  const address = addressOf(bind, local)
  const holder = others.find((forward) => forward.ports.some((port) => overlap(port, { bind, local })))
  if (holder !== undefined)
    return {
      ...base,
      status: 'taken',
      owner: { pid: null, process: null, forward: { id: holder.id, name: holder.name } },
      message: `${address} belongs to the forward ${holder.name}.`,
    }
  if (own?.ports.some((port) => overlap(port, { bind, local })) === true)
    return { ...base, status: 'free', message: `${address} is this forward's own.` }
  const tested = await testBind(bind, local)
  switch (tested) {
    case 'free':
      return { ...base, status: 'free', message: `${address} is free.` }
    case 'forbidden':
      return {
        ...base,
        status: 'forbidden',
        message: `You may not listen on ${address}; ports above 1023 are free to use.`,
      }
    case 'address-not-local':
      return { ...base, status: 'address-not-local', message: `${bind} is not an address of this machine.` }
    case 'taken': {
      const owner = await platform.ownerOfPort(bind, local)
      const words = owner === null ? 'another program' : ownerWords(owner)
      return {
        ...base,
        status: 'taken',
        owner: { pid: owner?.pid ?? null, process: owner?.process ?? null, forward: null },
        message: `${address} is taken by ${words}.`,
      }
    }
  }
}

async function checkAccess(
  { clusterId, namespace }: Given,
  surroundings: CheckSurroundings,
): Promise<ForwardCheck['access']> {
  if (clusterId === undefined || namespace === undefined) return null
  const notKnown = (reason: string): ForwardCheck['access'] => ({ allowed: null, verbs: [], reason })
  const connection = await surroundings.resolve(clusterId)
  if (!connection.ok) return notKnown(connection.error.message)
  surroundings.setCluster(clusterId, connection.value)
  const verbs = ['get', 'create'] as const
  const answer = await surroundings.askAccess({
    clusterId,
    questions: verbs.map((verb) => ({ verb, resource: 'pods', subresource: 'portforward', namespace })),
  })
  if (!answer.ok) return notKnown(answer.error.message)
  const known = verbs.map((verb, index) => ({ verb, allowed: answer.value[index]?.allowed === true }))
  const refused = known.filter(({ allowed }) => !allowed).map(({ verb }) => verb)
  return {
    allowed: refused.length === 0,
    verbs: known,
    reason:
      refused.length === 0
        ? `You may forward ports to pods in ${namespace}.`
        : `You may not ${refused.join(' and ')} pods/portforward in ${namespace}. Ask the cluster administrator for this permission.`,
  }
}
