import { useId } from 'react'
import type { ContextPreview } from '../../../../contract/kubeconfigs.ts'
import { Chip } from '../../components/chip.tsx'
import { classNames } from '../../components/class-names.ts'
import { controlClass } from '../../components/field.tsx'
import { authWord } from '../clusters/words.ts'
import { type Choices, isTicked } from './choices.ts'
import styles from './context-row.module.css'
import { RiskList } from './risk-list.tsx'

/** One context of a kubeconfig: take it or not, under which name, and what it risks. */
export function ContextRow({
  context,
  choices,
  onChange,
}: {
  context: ContextPreview
  choices: Choices
  onChange: (choices: Choices) => void
}) {
  const id = useId()
  const ticked = isTicked(context, choices)
  const key = context.context
  return (
    <li className={classNames(styles.context, !context.addable && styles.unusable)}>
      <input
        id={id}
        type="checkbox"
        className={styles.tick}
        checked={ticked}
        disabled={!context.addable}
        onChange={(event) => onChange({ ...choices, ticked: { ...choices.ticked, [key]: event.target.checked } })}
      />
      <div className={styles.words}>
        <div className={styles.top}>
          <label htmlFor={id} className={styles.name}>
            {key === '' ? '(no name)' : key}
          </label>
          {context.current && <Chip>current</Chip>}
          {!context.addable && <Chip look="hold">cannot be added</Chip>}
          {context.duplicateOf !== null && <Chip look="warn">already stored as {context.duplicateOf.name}</Chip>}
        </div>
        <p className={styles.facts}>
          <code>{context.server === '' ? 'no server' : context.server}</code>
          <span>
            as {context.user === '' ? 'nobody' : context.user}
            {context.authKinds.length > 0 && `, with ${context.authKinds.map(authWord).join(' and ')}`}
          </span>
          <span>namespace {context.namespace}</span>
        </p>
        <RiskList risks={context.risks} />
        {ticked && (
          <div role="group" aria-label={key === '' ? '(no name)' : key} className={styles.own}>
            <label>
              <span>Name</span>
              <input
                className={controlClass}
                value={choices.names[key] ?? key}
                maxLength={200}
                onChange={(event) => onChange({ ...choices, names: { ...choices.names, [key]: event.target.value } })}
              />
            </label>
            <label>
              <span>Environment</span>
              <input
                className={controlClass}
                list="environments"
                maxLength={40}
                placeholder={choices.environment === '' ? 'none' : choices.environment}
                value={choices.environments[key] ?? ''}
                onChange={(event) => {
                  const { [key]: _old, ...others } = choices.environments
                  const value = event.target.value
                  onChange({ ...choices, environments: value === '' ? others : { ...others, [key]: value } })
                }}
              />
            </label>
          </div>
        )}
      </div>
    </li>
  )
}
