import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import type { AllowedCommand } from '../../../../contract/kubeconfigs.ts'
import { Button } from '../../components/button.tsx'
import { Problem } from '../../components/problem.tsx'
import { dateOnly } from '../../components/time-words.ts'
import { tell } from '../../components/toast-manager.ts'
import { errorOf, valueOf } from '../../state/ask.ts'
import { useClient, useClusters } from '../../state/use-app-state.ts'
import { commandLine } from '../add-clusters/choices.ts'
import { AllowAnother } from './allow-another.tsx'
import styles from './settings-page.module.css'

const key = ['commands']

/** The list of commands that may run to get credentials; removing one stops it from the next use on. */
export function AllowedCommands() {
  const client = useClient()
  const queries = useQueryClient()
  const clusters = useClusters().items
  const [error, setError] = useState<AppError | null>(null)
  const commands = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => valueOf(client.commands.list({}, signal)),
    staleTime: 0,
  })
  if (commands.error !== null) return <Problem error={errorOf(commands.error)} />
  if (commands.data === undefined) return null
  const usedBy = ({ clusters: names }: AllowedCommand): string => {
    return names.length === 0 ? 'used by no cluster now' : `used by ${names.join(', ')}`
  }
  const remove = async (command: AllowedCommand) => {
    const result = await client.commands.remove({ id: command.id })
    setError(result.ok ? null : result.error)
    await queries.invalidateQueries({ queryKey: key })
    if (!result.ok) return
    const undo = allowAgain(command)
    tell('The command may not run any more.', {
      ...(undo !== null && {
        action: { words: 'Undo', run: () => void undo().then(() => queries.invalidateQueries({ queryKey: key })) },
      }),
    })
  }
  /** Values of variables are not known here: with them a command can only be taken from a cluster that has it. */
  const allowAgain = ({ command, args, env, clusters: names }: AllowedCommand) => {
    if (env === undefined) return () => client.commands.allow({ command, args })
    const user = [...clusters.values()].find(({ name }) => names.includes(name))
    return user === undefined ? null : () => client.clusters.allowCommand({ id: user.id, command, args })
  }
  return (
    <div>
      {error !== null && <Problem error={error} />}
      {commands.data.length === 0 ? (
        <p className={styles.muted}>None. A kubeconfig that needs one asks when you add it.</p>
      ) : (
        <ul>
          {commands.data.map((command) => (
            <li key={command.id} className={styles.command}>
              <div>
                <code>{commandLine(command)}</code>
                {command.env !== undefined && (
                  <p className={styles.muted}>sets {command.env.map(({ name }) => name).join(', ')}</p>
                )}
                <p className={styles.muted}>
                  {usedBy(command)} · allowed on {dateOnly(command.allowedAt)}
                </p>
              </div>
              <Button aria-label={`Do not allow ${commandLine(command)}`} onClick={() => void remove(command)}>
                Do not allow
              </Button>
            </li>
          ))}
        </ul>
      )}
      <AllowAnother />
    </div>
  )
}
