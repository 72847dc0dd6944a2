import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import type { CreateForwardInput } from '../../../../contract/forwards.ts'
import { Button } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import detail from '../../components/detail.module.css'
import { environmentWord, isProduction } from '../../components/environment.tsx'
import { controlClass, Field, monoControlClass } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { SuggestInput } from '../../components/suggest-input.tsx'
import { useCluster, useOrderedClusters } from '../../state/use-app-state.ts'
import { useSettled } from '../../state/use-settled.ts'
import { ForwardExtras } from './forward-extras.tsx'
import styles from './forward-form.module.css'
import { type FormErrors, type ForwardValues, inputOf } from './forward-form-model.ts'
import { forwardSentence } from './forward-words.ts'
import { nothingFilled, PortFields, withOfferedPort } from './port-fields.tsx'
import { type PodFilter, portsOf } from './target-options.ts'
import { type Discovery, useDiscovery } from './use-discovery.ts'
import { useForwardCheck } from './use-forward-check.ts'

/** Asks what a forward leads to, offers what the cluster has, and says at once what would be in the way. */
export function ForwardForm({
  initial,
  forwardId,
  submitWords,
  onSubmit,
  extra,
}: {
  initial: ForwardValues
  /** The forward being edited; null: a new one. */
  forwardId: string | null
  submitWords: (cluster: string) => string
  /** Resolves with an error to show, or null when it is done. */
  onSubmit: (input: CreateForwardInput) => Promise<AppError | null>
  extra?: ReactNode
}) {
  const [values, setValues] = useState(initial)
  const [errors, setErrors] = useState<FormErrors>({})
  const [failure, setFailure] = useState<AppError | null>(null)
  const [busy, setBusy] = useState(false)
  const [podFilter, setPodFilter] = useState<PodFilter>('Running')
  const clusters = useOrderedClusters()
  const cluster = useCluster(values.clusterId === '' ? null : values.clusterId)
  const discovery = useDiscovery(values.clusterId, values.namespace.trim(), values.target, podFilter)
  const check = useForwardCheck(values, forwardId)
  const offered = portsOf(discovery.groups, values.target)
  // The list may arrive before the target is typed or after it.
  const [filled, setFilled] = useState(nothingFilled)
  const offer = withOfferedPort(values, offered, filled)
  if (offer !== null) {
    setFilled(offer.filled)
    setValues({ ...values, ports: offer.ports })
  }
  const change = (fields: Partial<ForwardValues>) => {
    setValues((old) => ({ ...old, ...fields }))
    // An error goes when its field is touched; others stay until the next try.
    const touched = Object.keys(fields)
    setErrors((old) =>
      Object.fromEntries(
        Object.entries(old).filter(
          ([name]) => !touched.some((field) => name === field || name.startsWith(`${field}.`)),
        ),
      ),
    )
  }

  const submit = async (form: HTMLFormElement) => {
    const result = inputOf(values)
    if (!result.ok) {
      setErrors(result.errors)
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
      return
    }
    setBusy(true)
    setFailure(await onSubmit(result.input))
    setBusy(false)
  }

  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    // Who asked for a new forward goes on with it: at the first thing that is not known, or is only a guess.
    if (forwardId !== null) return
    const first = form.current?.querySelector<HTMLElement>(initial.clusterId === '' ? 'select' : 'input')
    first?.focus()
    if (first instanceof HTMLInputElement) first.select()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, when it opens
  }, [])

  return (
    <form
      ref={form}
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit(event.currentTarget)
      }}
    >
      <div className={styles.fields}>
        <Field label="Cluster" error={errors.clusterId}>
          {(ids) => (
            <select
              {...ids}
              className={controlClass}
              value={values.clusterId}
              onChange={(event) => {
                const next = clusters.find(({ id }) => id === event.target.value)
                change({ clusterId: event.target.value, namespace: next?.namespace ?? '', target: '' })
              }}
            >
              {values.clusterId === '' && <option value="">Choose a cluster</option>}
              {clusters.map(({ id, name, environment }) => (
                <option key={id} value={id}>
                  {name}
                  {environment === null ? '' : ` (${environmentWord(environment)})`}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Namespace" error={errors.namespace} notice={discovery.notices.namespace}>
          {(ids) => (
            <SuggestInput
              ids={ids}
              className={monoControlClass}
              value={values.namespace}
              onChange={(namespace) => change({ namespace })}
              groups={[{ value: '', items: discovery.namespaces.map((text) => ({ text })) }]}
              placeholder="default"
            />
          )}
        </Field>
        <Field
          label="Target"
          error={errors.target}
          notice={discovery.notices.target}
          hint="Choose from the list, or type svc/name, deploy/name, pod/name, or labels such as app=web."
          aside={
            <label className={styles.aside}>
              <span aria-hidden>pods:</span>
              <select
                aria-label="Pods to choose from"
                value={podFilter}
                onChange={(event) => setPodFilter(event.target.value as PodFilter)}
              >
                <option value="Running">running</option>
                <option value="Pending">pending</option>
                <option value="all">all</option>
              </select>
            </label>
          }
        >
          {(ids) => (
            <SuggestInput
              ids={ids}
              className={monoControlClass}
              value={values.target}
              onChange={(target) => change({ target })}
              groups={discovery.groups}
              placeholder="svc/name"
              nothing={noTargetWords(values, discovery.looking)}
            />
          )}
        </Field>
        <NotOffered discovery={discovery} />
        <PortFields
          values={values}
          errors={errors}
          offered={offered}
          check={check}
          onChange={(ports) => change({ ports })}
        />
        {/* What keeps every question from being answered is said above already. */}
        {(discovery.errors.every(({ code }) => code === 'forbidden') || check?.access?.allowed === false) && (
          <Access check={check} />
        )}
        <Sentence values={values} />
        <Field
          label="Name"
          error={errors.name}
          hint={values.name === '' ? 'Left empty, it is named after its target.' : undefined}
        >
          {(ids) => (
            <input
              {...ids}
              className={controlClass}
              maxLength={200}
              value={values.name}
              onChange={(event) => change({ name: event.target.value })}
            />
          )}
        </Field>
        <ForwardExtras values={values} errors={errors} change={change} />
        {failure !== null && <Problem error={failure} />}
      </div>
      <div className={styles.end}>
        {extra}
        <Button type="submit" look="primary" busy={busy}>
          {submitWords(cluster !== undefined && isProduction(cluster) ? ` on ${cluster.name}` : '')}
        </Button>
      </div>
    </form>
  )
}

/** Why names are not offered, in little room: what can be typed needs no list. */
function NotOffered({ discovery: { errors, looking } }: { discovery: Discovery }) {
  const waits = useSettled(String(looking), 1000) === 'true' && looking
  const [only] = errors
  if (only !== undefined && errors.length === 1)
    return <Problem error={{ ...only, next: `${only.next} You can also type the names yourself.` }} />
  if (only !== undefined)
    return (
      <div role="alert" className={classNames(detail.box, detail.warn)}>
        <StateMark name="warn" size={14} />
        <div>
          <strong>Not all names can be offered; type them yourself.</strong>
          {errors.map(({ message }) => (
            <p key={message}>{message}</p>
          ))}
        </div>
      </div>
    )
  return (
    <p role="status" className={styles.waits}>
      {waits && (
        <>
          <StateMark name="checking" />
          <span>The cluster has not answered yet. Names can be typed meanwhile.</span>
        </>
      )}
    </p>
  )
}

/** Said in place of targets; null where what is typed says itself what it is. */
function noTargetWords({ clusterId, namespace, target }: ForwardValues, looking: boolean): string | null {
  if (target.includes('/') || target.includes('=')) return null
  if (clusterId === '') return 'Choose a cluster first.'
  if (namespace.trim() === '') return 'Choose a namespace first.'
  return looking ? 'Looking what there is …' : 'Nothing of that name here.'
}

/** May somebody port-forward there? Said before it is tried. */
function Access({ check }: { check: ReturnType<typeof useForwardCheck> }) {
  const access = check?.access
  if (access === null || access === undefined) return null
  const look = access.allowed === true ? 'ok' : access.allowed === false ? 'fail' : 'warn'
  return (
    <p className={styles.access} role="status">
      <StateMark name={look} />
      {access.allowed === true ? 'You may port-forward there.' : access.reason}
    </p>
  )
}

function Sentence({ values }: { values: ForwardValues }) {
  const result = inputOf(values)
  if (!result.ok) return null
  return (
    <div className={styles.sentence}>
      {result.input.ports.map((port, index) => (
        <p key={index}>{forwardSentence(port, result.input.target, result.input.namespace)}</p>
      ))}
    </div>
  )
}
