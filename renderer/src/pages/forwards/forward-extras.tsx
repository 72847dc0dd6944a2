import { useId } from 'react'
import { PodPolicy } from '../../../../contract/forwards.ts'
import detail from '../../components/detail.module.css'
import { controlClass, Field, monoControlClass } from '../../components/field.tsx'
import { useForwards } from '../../state/use-app-state.ts'
import styles from './forward-form.module.css'
import { type FormErrors, type ForwardValues, podPolicyWords } from './forward-form-model.ts'

/** What most forwards never need. */
export function ForwardExtras({
  values,
  errors,
  change,
}: {
  values: ForwardValues
  errors: FormErrors
  change: (fields: Partial<ForwardValues>) => void
}) {
  const groups = useId()
  const names = [...new Set([...useForwards().items.values()].flatMap(({ group }) => (group === null ? [] : [group])))]
  const wrong = ['probeSeconds', 'parkSeconds', 'labels', 'group', 'notes'].some((name) => name in errors)
  return (
    <details className={styles.more} open={wrong || undefined}>
      <summary>More settings: group, choice of pod, checks, waiting clients, labels, notes</summary>
      <div className={styles.fields}>
        <Field label="Group" error={errors.group} hint="Forwards of one group stand together in the list.">
          {(ids) => (
            <>
              <input
                {...ids}
                className={controlClass}
                list={groups}
                maxLength={200}
                placeholder="none"
                value={values.group}
                onChange={(event) => change({ group: event.target.value })}
              />
              <datalist id={groups}>
                {names.map((name) => (
                  <option key={name} value={name} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label="Which pod">
          {(ids) => (
            <select
              {...ids}
              className={controlClass}
              value={values.podPolicy}
              onChange={(event) => change({ podPolicy: PodPolicy.parse(event.target.value) })}
            >
              {PodPolicy.options.map((policy) => (
                <option key={policy} value={policy}>
                  {podPolicyWords[policy]}
                </option>
              ))}
            </select>
          )}
        </Field>
        <div className={styles.pair}>
          <Field
            label="How it is checked"
            hint={values.probeMode === 'passive' ? 'Its state then reads “live, unchecked”.' : undefined}
          >
            {(ids) => (
              <select
                {...ids}
                className={controlClass}
                value={values.probeMode}
                onChange={(event) => change({ probeMode: event.target.value === 'passive' ? 'passive' : 'connect' })}
              >
                <option value="connect">By short connections</option>
                <option value="passive">Only by what clients meet</option>
              </select>
            )}
          </Field>
          <Field label="Every (seconds)" error={errors.probeSeconds}>
            {(ids) => (
              <input
                {...ids}
                className={controlClass}
                inputMode="numeric"
                value={values.probeSeconds}
                onChange={(event) => change({ probeSeconds: event.target.value })}
              />
            )}
          </Field>
        </div>
        <Field
          label="Clients wait (seconds)"
          error={errors.parkSeconds}
          hint="While no pod is ready, connections are held this long instead of refused."
        >
          {(ids) => (
            <input
              {...ids}
              className={controlClass}
              inputMode="numeric"
              value={values.parkSeconds}
              onChange={(event) => change({ parkSeconds: event.target.value })}
            />
          )}
        </Field>
        <Field label="Labels" error={errors.labels} hint="One per line, as name=value.">
          {(ids) => (
            <textarea
              {...ids}
              className={monoControlClass}
              rows={2}
              value={values.labels}
              onChange={(event) => change({ labels: event.target.value })}
            />
          )}
        </Field>
        <Field label="Notes" error={errors.notes}>
          {(ids) => (
            <textarea
              {...ids}
              className={controlClass}
              rows={3}
              maxLength={20_000}
              value={values.notes}
              onChange={(event) => change({ notes: event.target.value })}
            />
          )}
        </Field>
      </div>
      <p className={detail.muted}>The usual values are in Settings.</p>
    </details>
  )
}
