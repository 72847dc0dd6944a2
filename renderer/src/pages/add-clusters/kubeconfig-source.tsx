import { FileUp, FolderOpen, X } from 'lucide-react'
import { type DragEvent, useId, useState } from 'react'
import type { ChosenFile } from '../../../../contract/bridge.ts'
import type { Result } from '../../../../contract/errors.ts'
import { maxKubeconfigBytes } from '../../../../contract/kubeconfigs.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { monoControlClass } from '../../components/field.tsx'
import { bytes } from '../../components/byte-words.ts'
import { readFile } from '../../state/browser-shell.ts'
import { useDefaultKubeconfig } from '../../state/default-kubeconfig.ts'
import { useAppState } from '../../state/use-app-state.ts'
import { counted } from '../clusters/words.ts'
import styles from './kubeconfig-source.module.css'

/** Where a kubeconfig comes from: what is in the box, a file, or the user's default files. */
export type Source = { kind: 'text'; text: string } | ({ kind: 'file' } & ChosenFile) | { kind: 'default' }

/** The source as operations want it; null: nothing is there yet. */
export function sourceInput(
  source: Source,
): { text: string } | { base64: string; path?: string } | { default: true } | null {
  switch (source.kind) {
    case 'text':
      return source.text.trim() === '' ? null : { text: source.text }
    case 'file':
      return { base64: source.base64, ...(source.path === undefined ? {} : { path: source.path }) }
    case 'default':
      return { default: true }
  }
}

/** Takes a kubeconfig by paste, file, drop, or from the user's default files. Nothing runs here. */
export function KubeconfigSource({
  source,
  onChange,
  rows = 18,
  autoFocus = false,
}: {
  source: Source
  onChange: (source: Source) => void
  rows?: number
  autoFocus?: boolean
}) {
  const { shell } = useAppState()
  const { files, contexts } = useDefaultKubeconfig()
  const [over, setOver] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const id = useId()
  /** Takes a file that was read, or says why it could not be. */
  const take = (read: Result<ChosenFile>, notice: string | null = null) => {
    if (read.ok) onChange({ kind: 'file', ...read.value })
    setProblem(read.ok ? notice : `${read.error.message} ${read.error.cause ?? ''} ${read.error.next}`)
  }
  /** Takes one file; of others that came with it, it says that they wait. */
  const takeFile = async (file: File, others: number) => {
    if (file.size > maxKubeconfigBytes) {
      setProblem(
        `${file.name} is ${bytes(file.size)}; a kubeconfig may have ${bytes(maxKubeconfigBytes)}. Choose another file.`,
      )
      return
    }
    take(
      await readFile(file),
      others === 0
        ? null
        : `Only ${file.name} was taken, of ${others + 1} files. Add its clusters first, then drop the next file.`,
    )
  }
  const choose = async () => {
    const chosen = await shell.chooseFile()
    if (chosen !== null) take(chosen)
  }
  const drop = {
    onDragOver: (event: DragEvent) => {
      event.preventDefault()
      setOver(true)
    },
    onDragLeave: () => setOver(false),
    onDrop: (event: DragEvent) => {
      event.preventDefault()
      setOver(false)
      const [file, ...others] = event.dataTransfer.files
      const text = event.dataTransfer.getData('text/plain')
      if (file !== undefined) void takeFile(file, others.length)
      else if (text !== '') onChange({ kind: 'text', text })
    },
  }
  return (
    <div className={classNames(styles.source, over && styles.over)} {...drop}>
      <div className={styles.top}>
        <label htmlFor={id}>Kubeconfig</label>
        <span className={styles.buttons}>
          <Button onClick={() => void choose()}>
            <FileUp aria-hidden size={14} />
            Choose a file
          </Button>
          {contexts > 0 && (
            <Button
              aria-pressed={source.kind === 'default'}
              title={files.map(({ path }) => path).join('\n')}
              onClick={() => onChange({ kind: 'default' })}
            >
              <FolderOpen aria-hidden size={14} />
              Default ({counted(contexts, 'context', 'contexts')})
            </Button>
          )}
        </span>
      </div>
      {source.kind === 'text' ? (
        <textarea
          id={id}
          className={classNames(monoControlClass, styles.box)}
          rows={rows}
          spellCheck={false}
          autoComplete="off"
          autoFocus={autoFocus}
          aria-describedby={`${id}-hint`}
          placeholder={'apiVersion: v1\nkind: Config\nclusters:\n- name: …'}
          value={source.text}
          onChange={(event) => onChange({ kind: 'text', text: event.target.value })}
        />
      ) : (
        <div className={styles.taken}>
          <div>
            <strong>{source.kind === 'file' ? source.name : 'Your default kubeconfig'}</strong>
            {source.kind === 'file' && source.path !== undefined && <p>{source.path}</p>}
            {source.kind === 'default' && files.map(({ path }) => <p key={path}>{path}</p>)}
          </div>
          <IconButton label="Paste instead" onClick={() => onChange({ kind: 'text', text: '' })}>
            <X aria-hidden size={14} />
          </IconButton>
        </div>
      )}
      {problem !== null && (
        <p role="alert" className={styles.problem}>
          {problem}
        </p>
      )}
      <p id={`${id}-hint`} className={styles.hint}>
        Paste a kubeconfig, or drop a file here. Mooring only reads it: nothing in it runs and nothing is saved until
        you say so.
      </p>
    </div>
  )
}
