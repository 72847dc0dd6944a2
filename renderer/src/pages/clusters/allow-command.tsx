import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient } from '../../state/use-app-state.ts'
import { commandLine } from '../add-clusters/choices.ts'
import styles from './allow-command.module.css'

/** The command that gets a cluster's credentials, exactly as it would run, and a yes to it where it is needed. */
export function AllowCommand({ clusterId, onAllowed }: { clusterId: string; onAllowed?: () => void }) {
  const client = useClient()
  const queries = useQueryClient()
  const [error, setError] = useState<AppError | null>(null)
  const key = ['command', clusterId]
  const question = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => valueOf(client.clusters.command({ id: clusterId }, signal)),
    staleTime: 0,
  })
  if (question.error !== null) return <Problem error={errorOf(question.error)} />
  const command = question.data?.command ?? null
  if (command === null) return null
  if (question.data?.allowed === true) return <p role="status">It may run now.</p>
  const allow = async () => {
    const { command: program, args } = command
    const result = await client.clusters.allowCommand({ id: clusterId, command: program, args })
    setError(result.ok ? null : result.error)
    if (result.ok) onAllowed?.()
    await queries.invalidateQueries({ queryKey: key })
  }
  return (
    <div className={styles.question}>
      <code className={styles.command}>{commandLine(command)}</code>
      {command.env !== undefined && (
        <p className={styles.sets}>sets {command.env.map(({ name, value }) => `${name}=${value}`).join(', ')}</p>
      )}
      <Button onClick={() => void allow()}>Allow this command</Button>
      {error !== null && <Problem error={error} />}
    </div>
  )
}
