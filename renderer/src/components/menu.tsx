import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement, ReactNode } from 'react'
import { classNames } from './class-names.ts'
import styles from './floating.module.css'
import { Keys } from './keys.tsx'

export type MenuEntry =
  | {
      kind: 'action'
      id: string
      words: string
      run: () => void
      keys?: string | undefined
      danger?: boolean
      unavailable?: boolean
    }
  | { kind: 'separator'; id: string }

/** A menu behind a button. */
export function Menu({
  trigger,
  entries,
}: {
  trigger: ReactElement<Record<string, unknown>>
  entries: readonly MenuEntry[]
}) {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} sideOffset={4} align="end">
          <Base.Popup className={styles.popup}>{entries.map(entryElement)}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

function entryElement(entry: MenuEntry): ReactNode {
  if (entry.kind === 'separator') return <Base.Separator key={entry.id} className={styles.separator} />
  return (
    <Base.Item
      key={entry.id}
      className={classNames(styles.item, entry.danger === true && styles.dangerItem)}
      disabled={entry.unavailable === true}
      onClick={entry.run}
    >
      <span className={styles.itemText}>{entry.words}</span>
      {entry.keys !== undefined && <Keys keys={entry.keys} />}
    </Base.Item>
  )
}
