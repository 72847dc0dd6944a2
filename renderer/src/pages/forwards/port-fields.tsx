import { Plus, X } from 'lucide-react'
import { useId } from 'react'
import type { PortRow } from '../../../../contract/clusters.ts'
import type { ForwardCheck } from '../../../../contract/forwards.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { monoControlClass } from '../../components/field.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import styles from './forward-form.module.css'
import { reachWords } from './forward-words.ts'
import {
  emptyPort,
  localPortError,
  type FormErrors,
  type ForwardValues,
  type PortValues,
} from './forward-form-model.ts'

let count = 0
const newKey = (): string => `new-${(count += 1)}`

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) <= 65_535
/** Enough of one to say who can reach it; the owner judges the rest. */
const isAddress = (text: string): boolean => /^\d+(\.\d+){3}$|:.*:/.test(text)
const portWord = ({ name, port }: PortRow): string => (name === null ? String(port) : `${name} ${port}`)
/** A name survives a change of the number behind it. */
const remoteWord = ({ name, port }: PortRow): string => name ?? String(port)

/** The target whose ports were offered last, and what of them was filled in for the user. */
export type FilledPort = { readonly target: string; readonly remote: string | null }
export const nothingFilled: FilledPort = { target: '', remote: null }

/**
 * Fills an untouched only port with the first one the target offers, once for each target; what was filled in goes with
 * its target. Null: all stays as it is.
 */
export function withOfferedPort(
  { target, ports }: Pick<ForwardValues, 'target' | 'ports'>,
  offered: readonly PortRow[],
  filled: FilledPort,
): { readonly ports: readonly PortValues[]; readonly filled: FilledPort } | null {
  const [first] = offered
  const [only] = ports
  if (filled.target === target || (first === undefined && filled.remote === null)) return null
  const next = first === undefined ? nothingFilled : { target, remote: remoteWord(first) }
  const untouched = ports.length === 1 && (only?.remote === '' || only?.remote === filled.remote)
  if (only === undefined || !untouched) return { ports, filled: { ...next, remote: null } }
  return { ports: [{ ...only, remote: next.remote ?? '' }], filled: next }
}

/** The ports of a forward: offered ones to add with a click, and what each local port runs into. */
export function PortFields({
  values,
  errors,
  offered,
  check,
  onChange,
}: {
  values: ForwardValues
  errors: FormErrors
  offered: readonly PortRow[]
  check: ForwardCheck | null
  onChange: (ports: readonly PortValues[]) => void
}) {
  const id = useId()
  const { ports } = values
  const change = (key: string, fields: Partial<PortValues>) =>
    onChange(ports.map((port) => (port.key === key ? { ...port, ...fields } : port)))
  const taken = new Set(ports.map(({ remote }) => remote))
  const more = offered.filter((port) => !taken.has(remoteWord(port)) && !taken.has(String(port.port)))
  return (
    <fieldset className={classNames(styles.ports, ports.length > 1 && styles.several)}>
      <legend>Ports</legend>
      <datalist id={`${id}-offered`}>
        {offered.map((port) => (
          <option key={portWord(port)} value={remoteWord(port)}>
            {portWord(port)}
          </option>
        ))}
      </datalist>
      <div className={styles.portHead} aria-hidden>
        <span>Local</span>
        <span>Remote</span>
        <span>Listen on</span>
      </div>
      {ports.map((port, index) => (
        <PortRowFields
          key={port.key}
          port={port}
          index={index}
          offeredId={`${id}-offered`}
          errors={errors}
          check={check}
          onChange={(fields) => change(port.key, fields)}
          onRemove={ports.length === 1 ? null : () => onChange(ports.filter(({ key }) => key !== port.key))}
        />
      ))}
      {errors.ports !== undefined && <p className={styles.portError}>{errors.ports}</p>}
      <div className={styles.portAdd}>
        {more.slice(0, 8).map((port) => (
          <Button
            key={portWord(port)}
            onClick={() => onChange([...ports, { ...emptyPort(newKey()), remote: remoteWord(port) }])}
          >
            <Plus aria-hidden size={12} />
            <span className="visually-hidden">Add </span>
            {portWord(port)}
          </Button>
        ))}
        <Button look="quiet" onClick={() => onChange([...ports, emptyPort(newKey())])}>
          <Plus aria-hidden size={12} />
          Add a port
        </Button>
      </div>
    </fieldset>
  )
}

function PortRowFields({
  port,
  index,
  offeredId,
  errors,
  check,
  onChange,
  onRemove,
}: {
  port: PortValues
  index: number
  offeredId: string
  errors: FormErrors
  check: ForwardCheck | null
  onChange: (fields: Partial<PortValues>) => void
  onRemove: (() => void) | null
}) {
  const id = useId()
  const result = check?.ports.find(({ local, bind }) => local === Number(port.local) && bind === port.bind)
  // No more letters make a port of what is none: that is said while it is typed.
  const wrong = localPortError(port)
  const known: FormErrors = wrong === null ? errors : { ...errors, [`ports.${port.key}.local`]: wrong }
  const problems = ['local', 'remote', 'bind'].flatMap((part) => known[`ports.${port.key}.${part}`] ?? [])
  const bad = (part: string): true | undefined => (known[`ports.${port.key}.${part}`] === undefined ? undefined : true)
  const reach = isAddress(port.bind) ? reachWords(port) : null
  const number = index + 1
  const input = (
    part: 'local' | 'remote' | 'bind',
    label: string,
    more: { placeholder?: string; list?: string } = {},
  ) => (
    <input
      aria-label={`${label} ${number}`}
      aria-invalid={bad(part)}
      aria-describedby={`${id}-words`}
      className={monoControlClass}
      spellCheck={false}
      autoComplete="off"
      value={port[part]}
      onChange={(event) => onChange({ [part]: event.target.value.trim() })}
      {...more}
    />
  )
  return (
    <div>
      <div className={styles.port}>
        {input('local', 'Local port', { placeholder: 'any free' })}
        {input('remote', 'Remote port', { placeholder: '80 or http', list: offeredId })}
        {input('bind', 'Listen on')}
        {onRemove !== null && (
          <IconButton label={`Remove port ${number}`} onClick={onRemove}>
            <X aria-hidden size={14} />
          </IconButton>
        )}
      </div>
      <div id={`${id}-words`} role="status" className={styles.portWords}>
        {problems.map((words) => (
          <p key={words} className={styles.portError}>
            {words}
          </p>
        ))}
        {problems.length === 0 && port.local === '' && <p>A free local port is chosen once and kept.</p>}
        {problems.length === 0 && result !== undefined && (
          <p className={classNames(styles.access, result.status === 'free' && styles.fine)}>
            <StateMark name={result.status === 'free' ? 'ok' : 'fail'} />
            <span>{result.message}</span>
          </p>
        )}
        {problems.length === 0 && reach !== null && (
          <p className={styles.access}>
            <StateMark name="warn" />
            <span>{reach}</span>
          </p>
        )}
        {problems.length === 0 && result === undefined && isPort(port.local) && (
          <p className={styles.access}>
            <StateMark name="checking" />
            <span>Looking whether {port.local} is free …</span>
          </p>
        )}
      </div>
      <div className={styles.portWords}>
        {(result?.status === 'taken' || result?.status === 'forbidden') && (
          <Button className={styles.otherPort} onClick={() => onChange({ local: '' })}>
            Use any free port
          </Button>
        )}
      </div>
    </div>
  )
}
