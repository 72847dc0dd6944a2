import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { createStore, useStore } from 'zustand'
import type { Cluster } from '../../../../contract/clusters.ts'
import { Button } from '../../components/button.tsx'
import { Dialog, DialogActions } from '../../components/dialog.tsx'
import { isProduction } from '../../components/environment.tsx'
import { controlClass, Field } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { tell } from '../../components/toast-manager.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient, useCluster } from '../../state/use-app-state.ts'
import { useCall } from '../../state/use-call.ts'
import { dependentsSentence } from './words.ts'

type Which = { kind: 'rename' | 'remove'; clusterId: string }
const store = createStore<{ open: Which | null }>()(() => ({ open: null }))

/** Opens the dialogs below from rows, menus and keys. */
export const clusterDialog = {
  open: (kind: Which['kind'], clusterId: string): void => store.setState({ open: { kind, clusterId } }),
}
const close = (): void => store.setState({ open: null })

/** The dialogs about one cluster; one of them at a time. */
export function ClusterDialogs() {
  const { open } = useStore(store)
  const cluster = useCluster(open?.clusterId ?? null)
  if (open === null || cluster === undefined) return null
  return open.kind === 'rename' ? <Rename cluster={cluster} /> : <Remove cluster={cluster} />
}

function Rename({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const [name, setName] = useState(cluster.name)
  const { busy, error, call } = useCall()
  const submit = async () => {
    const result = await call(client.clusters.update({ id: cluster.id, name }))
    if (result.ok) close()
  }
  return (
    <Dialog open onClose={close} title="Rename cluster">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <Field label="Name" error={name.trim() === '' ? 'Give it a name.' : null}>
          {(ids) => (
            <input
              {...ids}
              className={controlClass}
              value={name}
              maxLength={200}
              autoFocus
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        {error !== null && <Problem error={error} />}
        <DialogActions>
          <Button onClick={close}>Cancel</Button>
          <Button
            type="submit"
            look="primary"
            busy={busy}
            unavailable={name.trim() === '' ? 'Give it a name first' : null}
          >
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function Remove({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const navigate = useNavigate()
  const { busy, error, call } = useCall()
  const dependents = useQuery({
    queryKey: ['dependents', cluster.id],
    queryFn: ({ signal }) => valueOf(client.clusters.dependents({ id: cluster.id }, signal)),
    staleTime: 0,
  })
  const remove = async () => {
    const result = await call(client.clusters.remove({ id: cluster.id, removeForwards: 'true' }))
    if (!result.ok) return
    close()
    tell(`${cluster.name} was removed.`)
    void navigate({ to: '/clusters' })
  }
  return (
    <Dialog
      open
      onClose={close}
      title={`Remove ${cluster.name}?`}
      description={
        <>
          {isProduction(cluster) && (
            <p>
              <strong>{cluster.name} is marked as production.</strong>
            </p>
          )}
          <p>Its stored kubeconfig is deleted. The cluster itself is not touched. This cannot be undone.</p>
          {dependents.data !== undefined && <p>{dependentsSentence(dependents.data)}</p>}
        </>
      }
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          <Button
            look="danger"
            busy={busy}
            unavailable={dependents.isPending ? 'Looking what depends on it' : null}
            onClick={() => void remove()}
          >
            Remove {cluster.name}
          </Button>
        </>
      }
    >
      {dependents.data !== undefined && dependents.data.forwards.length > 0 && (
        <ul>
          {dependents.data.forwards.slice(0, 8).map((forward) => (
            <li key={forward.id}>
              {forward.name} · {forward.desired}
            </li>
          ))}
          {dependents.data.forwards.length > 8 && <li>and {dependents.data.forwards.length - 8} more</li>}
        </ul>
      )}
      {dependents.error !== null && <Problem error={errorOf(dependents.error)} />}
      {error !== null && <Problem error={error} />}
    </Dialog>
  )
}
