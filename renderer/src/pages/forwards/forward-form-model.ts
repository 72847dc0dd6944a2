import { CreateForwardInput, type Forward, PodPolicy, targetWord } from '../../../../contract/forwards.ts'
import type { Settings } from '../../../../contract/system.ts'
import { labelsFromText, labelsToText } from '../clusters/labels.ts'
import { targetFromText } from './target-text.ts'

/** One port as typed: `local` empty means: choose one and keep it. */
export type PortValues = {
  readonly key: string
  readonly remote: string
  readonly local: string
  readonly bind: string
}

/** The form as typed; {@link inputOf} makes the operation's input of it. */
export type ForwardValues = {
  readonly name: string
  readonly clusterId: string
  readonly namespace: string
  readonly target: string
  readonly ports: readonly PortValues[]
  readonly probeMode: 'connect' | 'passive'
  readonly probeSeconds: string
  readonly podPolicy: PodPolicy
  readonly parkSeconds: string
  readonly group: string
  readonly labels: string
  readonly notes: string
}

/** Words for a field that is wrong, by field; ports as `ports.KEY.remote`. */
export type FormErrors = Readonly<Record<string, string>>

export const emptyPort = (key: string): PortValues => ({ key, remote: '', local: '', bind: '127.0.0.1' })

/** A new form, begun with what is known. */
export const newValues = (
  start: { clusterId: string; namespace: string; target: string },
  settings: Pick<Settings, 'probeSeconds' | 'parkSeconds'> | null,
): ForwardValues => ({
  ...start,
  name: '',
  ports: [emptyPort('first')],
  probeMode: 'connect',
  probeSeconds: String(settings?.probeSeconds ?? 5),
  podPolicy: 'any-ready',
  parkSeconds: String(settings?.parkSeconds ?? 30),
  group: '',
  labels: '',
  notes: '',
})

/** The form of a stored forward. */
export const valuesOf = (forward: Forward): ForwardValues => ({
  name: forward.name,
  clusterId: forward.clusterId,
  namespace: forward.namespace,
  target: targetWord(forward.target),
  ports: forward.ports.map(({ id, remote, local, bind }) => ({
    key: id,
    remote: String(remote),
    local: local === 0 ? '' : String(local),
    bind,
  })),
  probeMode: forward.probe.mode,
  probeSeconds: String(forward.probe.seconds),
  podPolicy: forward.podPolicy,
  parkSeconds: String(forward.parkSeconds),
  group: forward.group ?? '',
  labels: labelsToText(forward.labels),
  notes: forward.notes,
})

const wholeNumber = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN)

/** A port as the contract wants it: a number where it is one, else a name. */
export const remoteOf = (text: string): number | string => {
  const number = wholeNumber(text)
  return Number.isNaN(number) ? text.trim() : number
}

const localOf = ({ local }: PortValues): number => (local.trim() === '' ? 0 : wholeNumber(local))

/** What is wrong with a local port as it is typed; null: nothing. */
export function localPortError(port: PortValues): string | null {
  const local = localOf(port)
  return local >= 0 && local <= 65_535 ? null : 'Write a number from 1 to 65535, or leave it empty.'
}

/** A copy keeps the settings, but its local ports are its own. */
export const copyOf = (forward: Forward): ForwardValues => {
  const values = valuesOf(forward)
  return { ...values, name: `${values.name} copy`, ports: values.ports.map((port) => ({ ...port, local: '' })) }
}

const portError = 'Write a number from 1 to 65535, or the name the port has there.'

/** The operation's input, or words for each field that is wrong. */
export function inputOf(
  values: ForwardValues,
): { ok: true; input: CreateForwardInput } | { ok: false; errors: FormErrors } {
  const errors: Record<string, string> = {}
  const target = targetFromText(values.target)
  if (values.clusterId === '') errors.clusterId = 'Choose a cluster.'
  if (values.namespace.trim() === '') errors.namespace = 'Choose a namespace.'
  if (values.target.trim() === '') errors.target = 'Choose a target.'
  else if (target === null)
    errors.target = 'Say what it is: svc/name, deploy/name, pod/name, or labels such as app=web.'
  const ports = values.ports.map((port) => {
    const local = localOf(port)
    const wrong = localPortError(port)
    if (wrong !== null) errors[`ports.${port.key}.local`] = wrong
    if (port.remote.trim() === '')
      errors[`ports.${port.key}.remote`] = 'Write the number or the name of a port of the target.'
    return { remote: remoteOf(port.remote), local, bind: port.bind.trim() }
  })
  for (const [index, port] of ports.entries()) {
    const before = ports.slice(0, index).some((other) => other.local === port.local && other.bind === port.bind)
    if (port.local !== 0 && before)
      errors[`ports.${values.ports[index]?.key ?? ''}.local`] = 'This local port is used twice here.'
  }
  if (ports.length === 0) errors.ports = 'Add a port.'
  const labels = labelsFromText(values.labels)
  if (!labels.ok) errors.labels = labels.error
  if (Object.keys(errors).length > 0 || target === null || !labels.ok) return { ok: false, errors }

  const parsed = CreateForwardInput.safeParse({
    clusterId: values.clusterId,
    namespace: values.namespace.trim(),
    target,
    ports,
    ...(values.name.trim() === '' ? {} : { name: values.name }),
    probe: { mode: values.probeMode, seconds: wholeNumber(values.probeSeconds) },
    podPolicy: values.podPolicy,
    parkSeconds: wholeNumber(values.parkSeconds),
    group: values.group.trim() === '' ? null : values.group,
    labels: labels.value,
    notes: values.notes,
  })
  if (parsed.success) return { ok: true, input: parsed.data }
  for (const issue of parsed.error.issues) {
    const [field, index, part] = issue.path
    const port = field === 'ports' && typeof index === 'number' ? values.ports[index] : undefined
    if (port !== undefined)
      errors[`ports.${port.key}.${String(part)}`] =
        part === 'remote' ? portError : 'Write an IP address of this machine, such as 127.0.0.1.'
    else if (field === 'probe') errors.probeSeconds = 'Write a number of seconds from 1 to 3600.'
    else if (field === 'parkSeconds') errors.parkSeconds = 'Write a number of seconds from 0 to 3600.'
    else errors[String(field)] = sentence(issue.message)
  }
  return { ok: false, errors }
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`

export const podPolicyWords: Readonly<Record<PodPolicy, string>> = {
  'any-ready': 'Any ready pod',
  newest: 'The newest ready pod',
  sticky: 'The same pod as long as it is ready',
  ordinal: 'The pod with the lowest number (stateful sets)',
}
