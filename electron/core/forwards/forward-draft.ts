import { randomUUID } from 'node:crypto'
import { appError, fail, ok, type AppError, type Result } from '../../../contract/errors.ts'
import {
  targetWord,
  type CreateForwardInput,
  type ForwardPort,
  type PortInput,
  type Target,
  type UpdateForwardInput,
} from '../../../contract/forwards.ts'
import { addressOf } from '../../../contract/local-address.ts'
import type { Settings } from '../../../contract/system.ts'
import { noSuchCluster } from '../clusters/cluster-records.ts'
import type { StoredForward } from '../store/forward-table.ts'
import { choosePort, isLocalAddress, overlap } from './listener/local-port.ts'

/** "svc/web:http". */
export function defaultName(target: Target, ports: readonly PortInput[]): string {
  return `${targetWord(target)}:${ports.map((port) => port.remote).join(',')}`.slice(0, 200)
}

/** A forward as it was asked for; what was left open is as the settings say. `now`: ms since the epoch. */
export function newDraft(
  input: CreateForwardInput,
  { parkSeconds, probeSeconds }: Pick<Settings, 'parkSeconds' | 'probeSeconds'>,
  now: number,
): StoredForward {
  return {
    id: randomUUID(),
    name: input.name ?? defaultName(input.target, input.ports),
    clusterId: input.clusterId,
    namespace: input.namespace,
    target: input.target,
    ports: input.ports.map((port) => ({ ...port, id: randomUUID() })),
    desired: input.desired,
    probe: input.probe ?? { mode: 'connect', seconds: probeSeconds },
    podPolicy: input.podPolicy ?? 'any-ready',
    parkSeconds: input.parkSeconds ?? parkSeconds,
    labels: input.labels ?? {},
    group: input.group ?? null,
    notes: input.notes ?? '',
    createdAt: now,
    updatedAt: now,
  }
}

/** A forward with what is to be otherwise; fields that are not given stay as they were. */
export function editedDraft(before: StoredForward, input: UpdateForwardInput, now: number): StoredForward {
  const { id: _id, ports, ...rest } = input
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {
    ...before,
    ...(given as Partial<StoredForward>),
    ports: ports === undefined ? before.ports : keepPorts(ports, before.ports),
    updatedAt: now,
  }
}

/**
 * The ports of an edited forward. One that leads to the same remote port from the same address stays what it was, and
 * keeps its local port where none is named; one that stays on its local port keeps that port bound while it is led
 * elsewhere. Each old port is taken over once.
 */
export function keepPorts(given: readonly PortInput[], before: readonly ForwardPort[]): ForwardPort[] {
  const left = new Set(before)
  const take = (fits: (one: ForwardPort) => boolean): ForwardPort | null => {
    const found = [...left].find(fits) ?? null
    if (found !== null) left.delete(found)
    return found
  }
  const kept = given.map((port) =>
    take(
      (one) => one.remote === port.remote && one.bind === port.bind && (port.local === 0 || port.local === one.local),
    ),
  )
  return given.map((port, index) => {
    const same = kept[index]
    if (same != null) return same
    const moved = take((one) => one.bind === port.bind && one.local === port.local)
    return { ...port, id: moved?.id ?? randomUUID() }
  })
}

/** Chooses the local ports that were left open (0). Error: limit-reached, when no free one was found. */
export async function chooseLocalPorts(
  draft: StoredForward,
  others: readonly StoredForward[],
  random: () => number,
): Promise<Result<StoredForward>> {
  const ports: ForwardPort[] = []
  for (const port of draft.ports) {
    const taken = [...ports, ...draft.ports, ...others.flatMap((forward) => forward.ports)]
    const isWanted = (local: number): boolean => taken.some((one) => one.local === local)
    const local = port.local === 0 ? await choosePort(port.bind, isWanted, random) : port.local
    if (local === null) return fail(noFreePort(port.bind))
    ports.push({ ...port, local })
  }
  return ok({ ...draft, ports })
}

const noFreePort = (bind: string): AppError =>
  appError(
    'limit-reached',
    `No free local port was found on ${bind}.`,
    'Choose a local port yourself, or close some programs.',
  )

/** What is wrong with a forward that the types cannot say; null: nothing. `others`: all other forwards. */
export function problemOf(
  draft: StoredForward,
  { clusterExists, others }: { clusterExists: boolean; others: readonly StoredForward[] },
): AppError | null {
  if (!clusterExists) return noSuchCluster()
  if (draft.target.kind === 'selector' && !isSelector(draft.target.selector))
    return appError(
      'invalid-input',
      `${draft.target.selector} is not a label selector.`,
      'Write it as kubectl does, for example app=web,tier!=cache.',
    )
  for (const [index, port] of draft.ports.entries()) {
    const problem = portProblem(port, draft.ports.slice(0, index))
    if (problem !== null) return problem
  }
  return draft.desired === 'on' ? conflictWith(others, draft.ports) : null
}

function portProblem(port: ForwardPort, before: readonly ForwardPort[]): AppError | null {
  if (!isLocalAddress(port.bind))
    return appError(
      'bind-address-unusable',
      `${port.bind} is not an address of this machine.`,
      'Choose 127.0.0.1, or an address this machine has.',
    )
  if (before.some((other) => overlap(other, port)))
    return appError(
      'local-port-taken',
      `${addressOf(port.bind, port.local)} is used twice in this forward.`,
      'Give each port a local port of its own.',
    )
  return null
}

/** The same local port may belong to several forwards, as long as one of them is on at a time. */
function conflictWith(others: readonly StoredForward[], ports: readonly ForwardPort[]): AppError | null {
  for (const port of ports) {
    const holder = others.find(
      (forward) => forward.desired === 'on' && forward.ports.some((other) => overlap(other, port)),
    )
    if (holder === undefined) continue
    return appError(
      'local-port-taken',
      `${addressOf(port.bind, port.local)} belongs to the forward ${holder.name}.`,
      'Stop that forward first, or choose another local port.',
      { details: { forward: { id: holder.id, name: holder.name } } },
    )
  }
  return null
}

const selectorKey = String.raw`([a-z0-9A-Z]([-a-z0-9A-Z.]*[a-z0-9A-Z])?\/)?[a-zA-Z0-9]([-\w.]*[a-zA-Z0-9])?`
const selectorValue = String.raw`([a-zA-Z0-9]([-\w.]*[a-zA-Z0-9])?)?`
const selectorRule = new RegExp(
  `^\\s*(!?\\s*${selectorKey}|${selectorKey}\\s*(=|==|!=)\\s*${selectorValue}|` +
    String.raw`${selectorKey}\s+(in|notin)\s*\(\s*${selectorValue}(\s*,\s*${selectorValue})*\s*\))\s*$`,
)

/** Kubernetes' label selectors: equality and set based requirements, separated by commas. */
export function isSelector(text: string): boolean {
  // Commas inside parentheses separate values, not requirements.
  const requirements = text.split(/,(?![^(]*\))/)
  return requirements.every((requirement) => selectorRule.test(requirement))
}
