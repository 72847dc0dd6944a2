import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { KubeconfigPreview } from '../../../../contract/kubeconfigs.ts'
import { Button } from '../../components/button.tsx'
import { environmentWord, usualEnvironments } from '../../components/environment.tsx'
import { controlClass, Field, Tick } from '../../components/field.tsx'
import { Toolbar } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { tell } from '../../components/toast-manager.ts'
import { useClient } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { counted } from '../clusters/words.ts'
import styles from './add-clusters-page.module.css'
import { addInput, type Choices, commandChoices, fileChoices, isTicked, noChoices } from './choices.ts'
import { CommandTicks, FileTicks } from './consent.tsx'
import { ContextRow } from './context-row.tsx'
import { KubeconfigSource, type Source, sourceInput } from './kubeconfig-source.tsx'
import { RiskList } from './risk-list.tsx'
import { usePreview } from './use-preview.ts'

/** Adds clusters: a kubeconfig at the left, what it holds and risks at the right, one decision below. */
export function AddClustersPage() {
  const { from } = useSearch({ from: '/clusters/add' })
  const [source, setSource] = useState<Source>(from === 'default' ? { kind: 'default' } : { kind: 'text', text: '' })
  const [choices, setChoices] = useState<Choices>(noChoices)
  const { preview, error, looking } = usePreview(source)
  const contexts = preview?.contexts ?? []
  const ticked = contexts.filter((context) => isTicked(context, choices))
  const addable = contexts.filter((context) => context.addable)
  const changeSource = (next: Source) => {
    setSource(next)
    // Other contexts are other decisions; typing in the same text keeps them.
    if (next.kind !== 'text' || source.kind !== 'text') setChoices(noChoices)
  }
  return (
    <>
      <Toolbar title="Add clusters" />
      <datalist id="environments">
        {usualEnvironments.map((word) => (
          <option key={word} value={word}>
            {environmentWord(word)}
          </option>
        ))}
      </datalist>
      <div className={styles.halves}>
        <section className={styles.left} aria-label="Kubeconfig">
          <KubeconfigSource source={source} onChange={changeSource} autoFocus />
        </section>
        <section className={styles.right} aria-label="What it holds" aria-busy={looking}>
          {preview === null && error === null && (
            <div className={styles.explain}>
              <h2>What happens next</h2>
              <ol>
                <li>Every context is shown here with its server, its user and what it risks.</li>
                <li>You choose which to add, and which credential commands may run.</li>
                <li>What you add is stored encrypted on this machine.</li>
              </ol>
            </div>
          )}
          {error !== null && <Problem error={error} />}
          {preview !== null && (
            <>
              {preview.problems.length > 0 && (
                <div className={styles.block}>
                  <RiskList risks={preview.problems} />
                </div>
              )}
              {contexts.length > 0 && (
                <div className={styles.block}>
                  <div className={styles.head}>
                    <h2>{counted(contexts.length, 'context', 'contexts')}</h2>
                    {addable.length > 1 && (
                      <Tick
                        label={
                          <>
                            All<span className="visually-hidden"> contexts</span>
                          </>
                        }
                        checked={addable.length === ticked.length}
                        onChange={(all) =>
                          setChoices({
                            ...choices,
                            ticked: Object.fromEntries(addable.map(({ context }) => [context, all])),
                          })
                        }
                      />
                    )}
                  </div>
                  {addable.length > 1 && (
                    <Field label="Environment for all" className={styles.environment}>
                      {(ids) => (
                        <input
                          {...ids}
                          className={controlClass}
                          list="environments"
                          maxLength={40}
                          placeholder="none"
                          value={choices.environment}
                          onChange={(event) => setChoices({ ...choices, environment: event.target.value })}
                        />
                      )}
                    </Field>
                  )}
                  <ul>
                    {contexts.map((context, index) => (
                      <ContextRow
                        key={`${context.context} ${index}`}
                        context={context}
                        choices={choices}
                        onChange={setChoices}
                      />
                    ))}
                  </ul>
                </div>
              )}
              <CommandTicks commands={commandChoices(contexts, choices)} choices={choices} onChange={setChoices} />
              <FileTicks files={fileChoices(contexts, choices)} choices={choices} onChange={setChoices} />
            </>
          )}
        </section>
      </div>
      <Decision source={source} choices={choices} preview={preview} looking={looking} ticked={ticked.length} />
    </>
  )
}

/** What is in the way of adding what is ticked; null: nothing. */
function whyNot(preview: KubeconfigPreview, choices: Choices, looking: boolean): string | null {
  if (looking) return 'Still looking at it'
  if (preview.verdict === 'error')
    return preview.problems.find(({ code }) => code === preview.error)?.message ?? 'It cannot be added as it stands'
  if (!preview.contexts.some((context) => isTicked(context, choices))) return 'Tick a context first'
  const asks = commandChoices(preview.contexts, choices).find(
    ({ key, allowed }) => !allowed && choices.commands[key] !== true,
  )
  return asks === undefined ? null : `Allow the command of ${asks.contexts.join(', ')}, or untick it`
}

function Decision({
  source,
  choices,
  preview,
  looking,
  ticked,
}: {
  source: Source
  choices: Choices
  preview: ReturnType<typeof usePreview>['preview']
  looking: boolean
  ticked: number
}) {
  const client = useClient()
  const navigate = useNavigate()
  const { busy, error, call } = useCall()
  const add = async () => {
    const input = sourceInput(source)
    if (input === null || preview === null) return
    const result = await call(client.clusters.add({ ...input, ...addInput(preview, choices) }))
    if (!result.ok) return
    const [first] = result.value
    tell(result.value.length === 1 ? `${first?.name ?? ''} was added.` : `${result.value.length} clusters were added.`)
    if (result.value.length === 1 && first !== undefined)
      void navigate({ to: '/clusters/$clusterId', params: { clusterId: first.id } })
    else void navigate({ to: '/clusters' })
  }
  const obstacle = preview === null ? 'Paste a kubeconfig first' : whyNot(preview, choices, looking)
  return (
    <div className={styles.decision}>
      {error !== null && <Problem error={error} />}
      <div className={styles.buttons}>
        <span className={styles.hint} role="status">
          {preview !== null && preview.contexts.length > 0 && obstacle !== null
            ? obstacle.replace(/\.?$/, '.')
            : 'Nothing is contacted yet: a server is first asked when its cluster is opened.'}
        </span>
        <Button onClick={() => void navigate({ to: '/clusters' })}>Cancel</Button>
        <Button look="primary" busy={busy} unavailable={obstacle} onClick={() => void add()}>
          {ticked === 0 ? 'Add clusters' : `Add ${counted(ticked, 'cluster', 'clusters')}`}
        </Button>
      </div>
    </div>
  )
}
