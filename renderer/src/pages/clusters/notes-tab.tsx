import { useState } from 'react'
import type { Cluster } from '../../../../contract/clusters.ts'
import type { AppError } from '../../../../contract/errors.ts'
import { controlClass, Field } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { useClient } from '../../state/use-app-state.ts'

/** Free text about a cluster, saved when the field is left. */
export function NotesTab({ cluster }: { cluster: Cluster }) {
  const client = useClient()
  const [notes, setNotes] = useState(cluster.notes)
  const [error, setError] = useState<AppError | null>(null)
  const save = async () => {
    if (notes === cluster.notes) return
    const result = await client.clusters.update({ id: cluster.id, notes })
    setError(result.ok ? null : result.error)
  }
  const unsaved = notes !== cluster.notes
  return (
    <Field
      label="Notes"
      hint={
        unsaved
          ? 'Not saved yet: they are saved when you leave the field.'
          : 'Who owns it, how to get access, what to be careful with. Not a place for secrets: notes are not encrypted.'
      }
    >
      {(ids) => (
        <>
          <textarea
            {...ids}
            className={controlClass}
            rows={16}
            maxLength={20_000}
            value={notes}
            onChange={(event) => setNotes(event.target.value)}
            onBlur={() => void save()}
          />
          {error !== null && <Problem error={error} />}
        </>
      )}
    </Field>
  )
}
