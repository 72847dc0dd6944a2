import { Link } from '@tanstack/react-router'
import { useId, useState } from 'react'
import { type Cluster, Colour } from '../../../../contract/clusters.ts'
import type { AppError, Result } from '../../../../contract/errors.ts'
import { Button } from '../../components/button.tsx'
import { Chip } from '../../components/chip.tsx'
import { classNames } from '../../components/class-names.ts'
import detail from '../../components/detail.module.css'
import { environmentWord, markClass, usualEnvironments } from '../../components/environment.tsx'
import { controlClass, Field, monoControlClass } from '../../components/field.tsx'
import { Facts } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { tell } from '../../components/toast-manager.ts'
import { Words } from '../../components/words.tsx'
import { useClient } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { AllowCommand } from './allow-command.tsx'
import { labelsFromText, labelsToText } from './labels.ts'
import styles from './overview-tab.module.css'
import { authList, counted } from './words.ts'

/** What the cluster is, and what the user calls it. */
export function OverviewTab({ cluster }: { cluster: Cluster }) {
  const { status } = cluster
  return (
    <div className={detail.stack}>
      {status.cause !== null && (
        <div className={classNames(detail.box, detail.hold)}>
          <StateMark name="disconnected" size={14} />
          <div>
            <strong>
              <Words>{status.cause.message}</Words>
            </strong>
            <p>{status.cause.next}</p>
            {status.cause.code === 'credentials-command-not-allowed' && (
              <div className={detail.row}>
                <AllowCommand clusterId={cluster.id} />
              </div>
            )}
            {status.lastConnectedAt !== null && (
              <p className={detail.muted}>
                Last connected <TimeSince at={status.lastConnectedAt} suffix />.
              </p>
            )}
          </div>
        </div>
      )}
      <SourceChanged cluster={cluster} />
      <Facts
        facts={[
          ['Server', <code key="server">{cluster.server}</code>],
          ['Version', status.serverVersion ?? 'not known yet'],
          status.latencyMs === null ? null : ['Latency', `${Math.round(status.latencyMs)} ms`],
          ['User', cluster.user],
          ['Signs in with', authList(cluster.authKinds)],
          ['Context', cluster.context],
          cluster.source === null ? null : ['Read from', <code key="source">{cluster.source.path}</code>],
          [
            'Forwards',
            <Link key="forwards" to="/forwards" search={{ q: cluster.name }}>
              {cluster.forwards.total === 0
                ? 'none'
                : `${counted(cluster.forwards.total, 'forward', 'forwards')}, ${cluster.forwards.on} on`}
            </Link>,
          ],
        ]}
      />
      <OwnWords cluster={cluster} />
    </div>
  )
}

function SourceChanged({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const { busy, error, call } = useCall()
  if (cluster.source?.changed !== true) return null
  const update = async () => {
    const result = await call(client.clusters.updateFromSource({ id: cluster.id }))
    if (result.ok) tell(`${cluster.name} uses what its file holds now.`)
  }
  return (
    <div className={classNames(detail.box, detail.warn)}>
      <StateMark name="warn" size={14} />
      <div className={detail.stack}>
        <div>
          <strong>The kubeconfig file of this cluster has changed.</strong>
          <p>{cluster.source.path} now holds other credentials for it.</p>
        </div>
        <div className={detail.row}>
          <Button busy={busy} onClick={() => void update()}>
            Update from the file
          </Button>
        </div>
        {error !== null && <Problem error={error} />}
      </div>
    </div>
  )
}

/** Environment, colour, namespace and labels: saved when a field is left. */
function OwnWords({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const listId = useId()
  const [environment, setEnvironment] = useState(cluster.environment ?? '')
  const [namespace, setNamespace] = useState(cluster.namespace)
  const [labels, setLabels] = useState(labelsToText(cluster.labels))
  const [labelError, setLabelError] = useState<string | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const keep = async (answer: Promise<Result<Cluster>>) => {
    const result = await answer
    setError(result.ok ? null : result.error)
  }
  const change = (fields: Omit<Parameters<typeof client.clusters.update>[0], 'id'>) =>
    void keep(client.clusters.update({ id: cluster.id, ...fields }))
  return (
    <div className={detail.stack}>
      <h3>Your words for it</h3>
      <div className={styles.pair}>
        <Field label="Environment" hint={environment === '' ? 'Groups clusters, and warns on production.' : undefined}>
          {(ids) => (
            <>
              <input
                {...ids}
                className={controlClass}
                list={listId}
                maxLength={40}
                value={environment}
                placeholder="none"
                onChange={(event) => setEnvironment(event.target.value)}
                onBlur={() => {
                  const next = environment.trim() === '' ? null : environment.trim()
                  if (next !== cluster.environment) change({ environment: next })
                }}
              />
              <datalist id={listId}>
                {usualEnvironments.map((word) => (
                  <option key={word} value={word}>
                    {environmentWord(word)}
                  </option>
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label="Namespace" hint="New forwards begin there.">
          {(ids) => (
            <input
              {...ids}
              className={monoControlClass}
              value={namespace}
              maxLength={63}
              onChange={(event) => setNamespace(event.target.value)}
              onBlur={() => {
                if (namespace !== cluster.namespace && namespace !== '') change({ namespace })
              }}
            />
          )}
        </Field>
      </div>
      <fieldset className={styles.colours}>
        <legend>Colour</legend>
        {Colour.options.map((colour) => (
          <label key={colour} className={classNames(styles.colour, markClass(colour))} title={colour}>
            <input
              type="radio"
              name="colour"
              value={colour}
              checked={cluster.colour === colour}
              aria-label={colour === 'none' ? 'as its environment' : colour}
              onChange={() => change({ colour })}
            />
            <span aria-hidden className={styles.swatch} />
          </label>
        ))}
      </fieldset>
      <Field label="Labels" hint="One per line, as name=value." error={labelError}>
        {(ids) => (
          <textarea
            {...ids}
            className={monoControlClass}
            rows={Math.max(2, labels.split('\n').length)}
            value={labels}
            onChange={(event) => setLabels(event.target.value)}
            onBlur={() => {
              const parsed = labelsFromText(labels)
              setLabelError(parsed.ok ? null : parsed.error)
              if (parsed.ok && labelsToText(parsed.value) !== labelsToText(cluster.labels))
                change({ labels: parsed.value })
            }}
          />
        )}
      </Field>
      {Object.keys(cluster.labels).length > 0 && (
        <div className={detail.row}>
          {Object.entries(cluster.labels).map(([name, value]) => (
            <Chip key={name}>
              {name}={value}
            </Chip>
          ))}
        </div>
      )}
      {error !== null && <Problem error={error} />}
    </div>
  )
}
