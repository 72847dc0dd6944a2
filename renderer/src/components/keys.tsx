import styles from './keys.module.css'

const isApple = /Mac|iPhone|iPad/.test(navigator.platform)

/** How keys are written here: `Mod` is Cmd on a Mac and Ctrl elsewhere; chords are parted by spaces. */
const keyWord = (key: string): string => {
  if (key === 'Mod') return isApple ? '⌘' : 'Ctrl'
  if (key === 'Shift') return isApple ? '⇧' : 'Shift'
  if (key === 'Alt') return isApple ? '⌥' : 'Alt'
  if (key === 'ArrowUp') return '↑'
  if (key === 'ArrowDown') return '↓'
  if (key === 'ArrowLeft') return '←'
  if (key === 'ArrowRight') return '→'
  return key.length === 1 ? key.toUpperCase() : key
}

const spoken = (keys: string): string => keys.replaceAll('Mod', isApple ? 'Command' : 'Control').replaceAll('+', ' ')

/** Keys as small caps: `Mod+K`, `g f`. One-letter keys of tables are shown as they are typed. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className={styles.keys}>
      <span className="visually-hidden">{spoken(keys)}</span>
      {keys.split(' ').map((chord, index) => (
        <span key={index} aria-hidden className={styles.chord}>
          {chord.split('+').map((key) => (
            <kbd key={key}>{chord.length === 1 ? chord : keyWord(key)}</kbd>
          ))}
        </span>
      ))}
    </span>
  )
}
