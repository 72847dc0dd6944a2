import { Chip } from '../../components/chip.tsx'
import { Tick } from '../../components/field.tsx'
import { type Choices, type CommandChoice, commandLine, type FileChoice, isEmbedded } from './choices.ts'
import styles from './add-clusters-page.module.css'

const names = (contexts: readonly string[]): string =>
  contexts.length > 3 ? `${contexts.slice(0, 3).join(', ')} and ${contexts.length - 3} more` : contexts.join(', ')

/** Commands that would run to sign in. Each needs its own yes; without it the cluster waits. */
export function CommandTicks({
  commands,
  choices,
  onChange,
}: {
  commands: readonly CommandChoice[]
  choices: Choices
  onChange: (choices: Choices) => void
}) {
  if (commands.length === 0) return null
  return (
    <div className={styles.block}>
      <h2>Commands that would run</h2>
      <p className={styles.hint}>
        They run on this machine to get credentials, exactly as written, whenever they are needed. A context whose
        command you do not allow cannot be added. You can change your mind in Settings.
      </p>
      {commands.map(({ key, command, allowed, contexts }) => (
        <Tick
          key={key}
          checked={allowed || choices.commands[key] === true}
          disabled={allowed}
          onChange={(yes) => onChange({ ...choices, commands: { ...choices.commands, [key]: yes } })}
          label={
            <>
              Allow <code className={styles.command}>{commandLine(command)}</code>
            </>
          }
          hint={
            <>
              for {names(contexts)}
              {command.env !== undefined && command.env.length > 0 && (
                <> · sets {command.env.map(({ name, value }) => `${name}=${value}`).join(', ')}</>
              )}
              {allowed && ' · allowed already'}
            </>
          }
        />
      ))}
    </div>
  )
}

/** Files that are referred to by path: read once and stored encrypted, after a yes. */
export function FileTicks({
  files,
  choices,
  onChange,
}: {
  files: readonly FileChoice[]
  choices: Choices
  onChange: (choices: Choices) => void
}) {
  if (files.length === 0) return null
  return (
    <div className={styles.block}>
      <h2>Files it refers to</h2>
      <p className={styles.hint}>
        Ticked files are read now and stored encrypted, so that the cluster does not depend on them; others are read
        where they lie.
      </p>
      {files.map((file) => (
        <Tick
          key={file.path}
          checked={isEmbedded(file, choices)}
          disabled={!file.exists}
          onChange={(yes) => onChange({ ...choices, files: { ...choices.files, [file.path]: yes } })}
          label={
            <>
              Read and store <code className={styles.command}>{file.path}</code>{' '}
              {!file.exists && <Chip look="hold">not found</Chip>}
            </>
          }
          hint={
            <>
              {file.fields.join(', ')} of {names(file.contexts)}
              {file.fields.includes('tokenFile') &&
                ' · left unticked, it is read again whenever it is needed; tick it only if nobody renews it'}
            </>
          }
        />
      ))}
    </div>
  )
}
