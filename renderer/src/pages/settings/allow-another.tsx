import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { Button } from '../../components/button.tsx'
import { Field, monoControlClass } from '../../components/field.tsx'
import { Problem } from '../../components/problem.tsx'
import { tell } from '../../components/toast-manager.ts'
import { useClient } from '../../state/use-app-state.ts'
import { commandLine } from '../add-clusters/choices.ts'
import styles from './settings-page.module.css'

/** Puts a command on the list before a kubeconfig asks for it; it runs only where a kubeconfig has exactly this line. */
export function AllowAnother() {
  const client = useClient()
  const queries = useQueryClient()
  const [program, setProgram] = useState('')
  const [lines, setLines] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const allow = async () => {
    const command = program.trim()
    if (command === '') return
    const args = lines.split('\n').filter((line) => line !== '')
    const result = await client.commands.allow({ command, args })
    setError(result.ok ? null : result.error)
    if (!result.ok) return
    await queries.invalidateQueries({ queryKey: ['commands'] })
    setProgram('')
    setLines('')
    tell(`${commandLine({ command, args })} may run.`)
  }
  return (
    <details className={styles.another}>
      <summary>Allow another command</summary>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault()
          void allow()
        }}
      >
        <Field label="Program" hint="As the kubeconfig has it: a name from PATH, or a full path.">
          {(ids) => (
            <input
              {...ids}
              className={monoControlClass}
              value={program}
              placeholder="aws"
              autoComplete="off"
              spellCheck={false}
              maxLength={4096}
              onChange={(event) => setProgram(event.target.value)}
            />
          )}
        </Field>
        <Field label="Arguments" hint="One per line, exactly as the kubeconfig has them.">
          {(ids) => (
            <textarea
              {...ids}
              className={monoControlClass}
              rows={3}
              value={lines}
              placeholder={'eks\nget-token'}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setLines(event.target.value)}
            />
          )}
        </Field>
        {error !== null && <Problem error={error} />}
        <div>
          <Button type="submit" unavailable={program.trim() === '' ? 'Name the program first' : null}>
            Allow it
          </Button>
        </div>
      </form>
    </details>
  )
}
