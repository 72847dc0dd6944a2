import { useState } from 'react'
import type { Forward } from '../../../../contract/forwards.ts'
import { tell } from '../../components/toast-manager.ts'
import { useClient } from '../../state/use-app-state.ts'
import styles from './edit-forward.module.css'
import { ForwardForm } from './forward-form.tsx'
import { valuesOf } from './forward-form-model.ts'

/** Changes a stored forward. A new target closes waiting clients; they are never handed to another target. */
export function EditForward({ forward }: { forward: Forward }) {
  const client = useClient()
  // The form begins again with what was stored (a chosen port, say), but never because somebody else changed something.
  const [saved, setSaved] = useState({ times: 0, forward })
  return (
    <div className={styles.edit}>
      <ForwardForm
        key={saved.times}
        initial={valuesOf(saved.forward)}
        forwardId={forward.id}
        submitWords={(where) => `Save${where}`}
        onSubmit={async (input) => {
          const { desired: _unchanged, ...fields } = input
          const result = await client.forwards.update({ id: forward.id, ...fields })
          if (!result.ok) return result.error
          setSaved({ times: saved.times + 1, forward: result.value })
          tell(`${result.value.name} is saved.`, { timeoutMs: 2500 })
          return null
        }}
      />
    </div>
  )
}
