import { commands } from '../../app/commands.ts'
import { Keys } from '../../components/keys.tsx'
import { Section, Sheet, Toolbar } from '../../components/page.tsx'
import { useSettings } from '../../state/use-app-state.ts'
import { forwardCommands } from '../forwards/forward-commands.ts'
import styles from './keys-page.module.css'

type Line = { words: string; keys: readonly string[] }

const tables: readonly Line[] = [
  { words: 'Next or previous row', keys: ['ArrowDown', 'ArrowUp', 'j', 'k'] },
  { words: 'Ten rows on or back', keys: ['PageDown', 'PageUp'] },
  { words: 'First or last row', keys: ['Home', 'End'] },
  { words: 'Into the row and back', keys: ['ArrowRight', 'ArrowLeft'] },
  { words: 'Open', keys: ['Enter'] },
  { words: 'Filter', keys: ['/'] },
  { words: 'Close, then clear the selection', keys: ['Escape'] },
]

const forwardTable: readonly Line[] = [
  { words: 'New forward', keys: ['n'] },
  ...forwardCommands.flatMap(({ general, key }) => (key === null ? [] : [{ words: general, keys: [key] }])),
  { words: 'Select', keys: ['Space'] },
  { words: 'Extend the selection', keys: ['Shift+ArrowDown', 'Shift+ArrowUp'] },
  { words: 'Select all', keys: ['Mod+A'] },
  { words: 'Menu of the row', keys: ['.', 'Shift+F10'] },
]

const clusterTable: readonly Line[] = [
  { words: 'Test connection', keys: ['t'] },
  { words: 'New forward', keys: ['f'] },
  { words: 'Move up or down', keys: ['Alt+ArrowUp', 'Alt+ArrowDown'] },
]

/** Every key there is. */
export function KeysPage() {
  const letters = useSettings()?.singleKeyShortcuts ?? true
  const everywhere = commands.filter(({ keys }) => keys.length > 0)
  return (
    <>
      <Toolbar title="Keys" />
      <Sheet label="Keys">
        <Section
          title="Everywhere"
          note={
            letters
              ? 'One-letter keys act only while no text is typed.'
              : 'One-letter keys are switched off in Settings.'
          }
        >
          <Lines lines={everywhere} />
        </Section>
        <Section title="In tables">
          <Lines lines={tables} />
        </Section>
        <Section title="On a forward">
          <Lines lines={forwardTable} />
        </Section>
        <Section title="On a cluster">
          <Lines lines={clusterTable} />
        </Section>
      </Sheet>
    </>
  )
}

function Lines({ lines }: { lines: readonly Line[] }) {
  return (
    <dl className={styles.lines}>
      {lines.map(({ words, keys }) => (
        <div key={words} className={styles.line}>
          <dt>{words}</dt>
          <dd>
            {keys.map((each) => (
              <Keys key={each} keys={each} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  )
}
