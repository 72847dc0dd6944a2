import { useState } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import { Button } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import detail from '../../components/detail.module.css'
import { controlClass, Field } from '../../components/field.tsx'
import { Facts } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { briefDuration, dateOnly } from '../../components/time-words.ts'
import { tell } from '../../components/toast-manager.ts'
import { useNow } from '../../state/clock-store.ts'
import { useClient } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { addInput, type Choices, commandChoices, fileChoices, noChoices } from '../add-clusters/choices.ts'
import { CommandTicks, FileTicks } from '../add-clusters/consent.tsx'
import { KubeconfigSource, type Source, sourceInput } from '../add-clusters/kubeconfig-source.tsx'
import { RiskList } from '../add-clusters/risk-list.tsx'
import { usePreview } from '../add-clusters/use-preview.ts'
import { authList } from './words.ts'

const day = 86_400_000

/** When credentials end: said early enough to do something about it. */
function Expiry({ at }: { at: number }) {
  const now = useNow(60_000)
  const left = at - now
  if (left > 14 * day) return <>on {dateOnly(at)}</>
  return (
    <span className={detail.row}>
      <StateMark name={left <= 0 ? 'fail' : 'warn'} />
      {left <= 0 ? `They ended on ${dateOnly(at)}` : `in ${briefDuration(left)}, on ${dateOnly(at)}`}
    </span>
  )
}

/** How the cluster is signed in to, and how to replace that without touching its forwards. */
export function CredentialsTab({ cluster }: { cluster: Cluster }) {
  return (
    <div className={detail.stack}>
      <Facts
        facts={[
          ['Signs in with', authList(cluster.authKinds)],
          ['User', cluster.user],
          cluster.credentialsExpireAt === null
            ? null
            : ['They end', <Expiry key="end" at={cluster.credentialsExpireAt} />],
          ['Stored', 'encrypted, on this machine only'],
        ]}
      />
      <Replace cluster={cluster} />
    </div>
  )
}

function Replace({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const [source, setSource] = useState<Source>({ kind: 'text', text: '' })
  const [chosen, setChosen] = useState<string | null>(null)
  const [choices, setChoices] = useState<Choices>(noChoices)
  const { busy, error, call } = useCall()
  const { preview, error: previewError, looking } = usePreview(source)
  const usable = preview?.contexts.filter((context) => context.addable) ?? []
  const context =
    usable.find((each) => each.context === chosen) ??
    usable.find((each) => each.context === cluster.context) ??
    usable.find((each) => each.current) ??
    usable[0]
  // Here the one chosen context counts as ticked, although it is stored already.
  const mine = context === undefined ? [] : [{ ...context, duplicateOf: null }]
  const otherServer = context !== undefined && context.server !== cluster.server

  const replace = async (evenIfUnreachable: boolean) => {
    const input = sourceInput(source)
    if (input === null || preview === null || context === undefined) return
    const { allowCommands, embedFiles } = addInput({ ...preview, contexts: mine }, choices)
    const replacement = { id: cluster.id, ...input, context: context.context, allowCommands, embedFiles }
    const result = await call(
      client.clusters.rotate({ ...replacement, ...(evenIfUnreachable ? { evenIfUnreachable } : {}) }),
    )
    if (!result.ok) return
    setSource({ kind: 'text', text: '' })
    setChoices(noChoices)
    tell(`${cluster.name} has new credentials.`, { description: 'Its forwards move over and keep their ports.' })
  }

  return (
    <div className={detail.stack}>
      <div>
        <h3>Replace credentials</h3>
        <p className={detail.muted}>
          The new credentials are tested first; the old ones are deleted only when the new ones work. Forwards keep
          their local ports.
        </p>
      </div>
      <KubeconfigSource source={source} onChange={setSource} rows={7} />
      {previewError !== null && <Problem error={previewError} />}
      {preview !== null && preview.problems.length > 0 && <RiskList risks={preview.problems} />}
      {context !== undefined && (
        <>
          {usable.length > 1 && (
            <Field label="Context">
              {(ids) => (
                <select
                  {...ids}
                  className={controlClass}
                  value={context.context}
                  onChange={(event) => setChosen(event.target.value)}
                >
                  {usable.map((each) => (
                    <option key={each.context} value={each.context}>
                      {each.context}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          )}
          <Facts
            facts={[
              ['Server', <code key="server">{context.server}</code>],
              ['User', context.user],
              ['Signs in with', authList(context.authKinds)],
            ]}
          />
          {otherServer && (
            <div className={classNames(detail.box, detail.warn)}>
              <StateMark name="warn" size={14} />
              <div>
                <strong>This is another server.</strong>
                <p>Stored is {cluster.server}. All forwards of this cluster would lead to the other one.</p>
              </div>
            </div>
          )}
          <RiskList risks={context.risks} />
          <CommandTicks commands={commandChoices(mine, choices)} choices={choices} onChange={setChoices} />
          <FileTicks files={fileChoices(mine, choices)} choices={choices} onChange={setChoices} />
        </>
      )}
      {error !== null && (
        <Problem error={error}>
          <Button busy={busy} onClick={() => void replace(true)}>
            Store them although the test failed
          </Button>
        </Problem>
      )}
      <div className={detail.row}>
        <Button
          look="primary"
          busy={busy}
          unavailable={
            context === undefined
              ? 'Paste a kubeconfig with a usable context first'
              : looking
                ? 'Still looking at it'
                : null
          }
          onClick={() => void replace(false)}
        >
          {busy ? 'Testing …' : 'Test and replace'}
        </Button>
      </div>
    </div>
  )
}
