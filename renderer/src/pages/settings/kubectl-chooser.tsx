import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import type { FoundKubectl, Settings } from '../../../../contract/system.ts'
import { Button } from '../../components/button.tsx'
import { Chip } from '../../components/chip.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import detail from '../../components/detail.module.css'
import { Field, monoControlClass } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useAppState } from '../../state/use-app-state.ts'
import styles from './settings-page.module.css'

/** Which kubectl is used: the first usable one, one of those found, or any other path. */
export function KubectlChooser({
  settings,
  change,
}: {
  settings: Settings
  change: (fields: Partial<Settings>) => Promise<AppError | null>
}) {
  const { client, shell } = useAppState()
  const name = useId()
  const [again, setAgain] = useState(0)
  const [path, setPath] = useState('')
  const status = useQuery({
    queryKey: ['kubectl', settings.kubectlPath, again],
    queryFn: ({ signal }) => valueOf(client.kubectl.status(again > 0 ? { refresh: 'true' } : {}, signal)),
    placeholderData: (previous) => previous,
  })
  if (status.error !== null) return <Problem error={errorOf(status.error)} />
  if (status.data === undefined) return <p className={styles.muted}>Looking for kubectl …</p>
  const { chosen, found, searched, install, skew } = status.data
  // A path that somebody chose is shown even when nothing usable lies there.
  const own = settings.kubectlPath !== null && !found.some((each) => each.path === settings.kubectlPath)
  const choose = (kubectlPath: string | null) => void change({ kubectlPath })
  const browse = async () => {
    const picked = await shell.choosePath?.()
    if (picked !== null && picked !== undefined) choose(picked)
  }
  return (
    <>
      {chosen === null && (
        <div className={classNames(detail.box, detail.hold)}>
          <StateMark name="fail" size={14} />
          <div className={detail.stack}>
            <div>
              <strong>No usable kubectl was found.</strong>
              <p>No forward can start without it. Install it with this command, or choose a file.</p>
            </div>
            <div className={styles.install}>
              <code>{install}</code>
              <CopyButton iconOnly text={install} label="Copy the install command" />
            </div>
          </div>
        </div>
      )}
      <div role="radiogroup" aria-label="Which kubectl" className={styles.choices}>
        <label className={styles.choice}>
          <input type="radio" name={name} checked={settings.kubectlPath === null} onChange={() => choose(null)} />
          <span>
            The first usable one
            {settings.kubectlPath === null && chosen !== null && <p>now {chosen.path}</p>}
          </span>
        </label>
        {found.map((each) => (
          <Choice
            key={each.path}
            kubectl={each}
            name={name}
            checked={settings.kubectlPath === each.path}
            onChoose={choose}
          />
        ))}
        {own && (
          <Choice
            kubectl={
              chosen?.path === settings.kubectlPath
                ? chosen
                : {
                    path: settings.kubectlPath ?? '',
                    version: null,
                    vendor: null,
                    usable: false,
                    problem: 'There is no usable kubectl there.',
                  }
            }
            name={name}
            checked
            onChoose={choose}
          />
        )}
      </div>
      <form
        className={styles.path}
        onSubmit={(event) => {
          event.preventDefault()
          if (path.trim() !== '') choose(path.trim())
          setPath('')
        }}
      >
        <Field label="Another path">
          {(ids) => (
            <input
              {...ids}
              className={monoControlClass}
              value={path}
              placeholder="/full/path/to/kubectl"
              spellCheck={false}
              onChange={(event) => setPath(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" unavailable={path.trim() === '' ? 'Write a full path first' : null}>
          Use it
        </Button>
        {shell.choosePath !== undefined && <Button onClick={() => void browse()}>Choose a file</Button>}
        <Button busy={status.isFetching} onClick={() => setAgain(again + 1)}>
          Look again
        </Button>
      </form>
      {skew.map((each) => (
        <p key={each.clusterId} className={styles.warning}>
          <StateMark name="warn" />{' '}
          <span>
            {each.name}: {each.message}
          </span>
        </p>
      ))}
      <details className={styles.searched}>
        <summary>Where it was looked for</summary>
        <ul>
          {searched.map((each) => (
            <li key={each}>
              <code>{each}</code>
            </li>
          ))}
        </ul>
      </details>
    </>
  )
}

function Choice({
  kubectl,
  name,
  checked,
  onChoose,
}: {
  kubectl: FoundKubectl
  name: string
  checked: boolean
  onChoose: (path: string) => void
}) {
  return (
    <label className={styles.choice}>
      <input type="radio" name={name} checked={checked} onChange={() => onChoose(kubectl.path)} />
      <span>
        <code>{kubectl.path}</code>
        {kubectl.problem !== null && <p>{kubectl.problem}</p>}
      </span>
      <span className={styles.row}>
        {kubectl.vendor !== null && <Chip look="warn">{kubectl.vendor}</Chip>}
        {kubectl.usable ? (
          <span className={styles.muted}>{kubectl.version ?? ''}</span>
        ) : (
          <Chip look="hold">not usable</Chip>
        )}
      </span>
    </label>
  )
}
