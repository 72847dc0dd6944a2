import { targetWord } from '../../../../contract/forwards.ts'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../../components/button.tsx'
import { DetailPane } from '../../components/detail-pane.tsx'
import detail from '../../components/detail.module.css'
import { useEscape } from '../../components/use-escape.ts'
import { useActiveCluster } from '../../state/active-cluster.ts'
import { useAppState, useClusters, useForwards, useOrderedClusters, useSettings } from '../../state/use-app-state.ts'
import { ForwardForm } from './forward-form.tsx'
import { copyOf, newValues } from './forward-form-model.ts'

/** The form for a new forward, begun with the active cluster, or with what the address names. */
export function NewForward() {
  const search = useSearch({ from: '/forwards/new' })
  const navigate = useNavigate()
  const { client } = useAppState()
  const clusters = useOrderedClusters()
  const { loaded } = useClusters()
  const { cluster: active, known } = useActiveCluster()
  const settings = useSettings()
  const original = useForwards().items.get(search.copy ?? '')
  const [shut, setShut] = useState(false)
  const close = () => {
    setShut(true)
    void navigate({ to: '/forwards', search: ({ q, state }) => ({ q, state }) }).then(() =>
      document.querySelector<HTMLElement>('[data-row-id][tabindex="0"]')?.focus(),
    )
  }
  useEscape(close)
  if (!loaded || !known || settings === null || shut) return null

  const chosen =
    clusters.find(({ id }) => id === search.cluster) ?? active ?? (clusters.length === 1 ? clusters[0] : undefined)
  const target =
    search.target === undefined
      ? ''
      : targetWord(
          search.kind === 'selector'
            ? { kind: 'selector', selector: search.target }
            : { kind: search.kind ?? 'service', name: search.target },
        )
  const initial =
    original === undefined
      ? newValues(
          { clusterId: chosen?.id ?? '', namespace: search.namespace ?? chosen?.namespace ?? '', target },
          settings,
        )
      : copyOf(original)
  return (
    <DetailPane label="New forward" title={<h2 className={detail.name}>New forward</h2>} onClose={close}>
      <ForwardForm
        key={search.copy ?? search.cluster ?? ''}
        initial={initial}
        forwardId={null}
        submitWords={(where) => `Start forward${where}`}
        extra={<Button onClick={close}>Cancel</Button>}
        onSubmit={async (input) => {
          const result = await client.forwards.create(input)
          if (!result.ok) return result.error
          void navigate({
            to: '/forwards/$forwardId',
            params: { forwardId: result.value.id },
            search: ({ q, state }) => ({ q, state }),
          })
          return null
        }}
      />
    </DetailPane>
  )
}
