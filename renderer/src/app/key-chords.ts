/** The part of a key event that decides. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>

/**
 * How a key press is written in the command list: `Mod+K`, `Mod+Shift+K`, `Alt+ArrowLeft`, `F6`, `?`, `g`.
 * `Mod` is Cmd on a Mac and Ctrl elsewhere. Shift is named only where the key itself does not show it.
 */
export function chordOf(press: KeyPress, isApple: boolean): string {
  const mod = isApple ? press.metaKey : press.ctrlKey
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1]
  const digit = /^Digit([0-9])$/.exec(press.code)?.[1]
  const modified = mod || press.altKey || (isApple ? press.ctrlKey : press.metaKey)
  // With a modifier the physical letter counts, so that other keyboard layouts and Alt's own characters do no harm.
  const key = modified ? (letter ?? digit ?? press.key) : press.key
  const shiftShows = key.length === 1 && !modified
  return [
    mod ? 'Mod' : '',
    press.altKey ? 'Alt' : '',
    press.shiftKey && !shiftShows ? 'Shift' : '',
    key === ' ' ? 'Space' : key,
  ]
    .filter((part) => part !== '')
    .join('+')
}

/** A second key that follows this soon belongs to the first one (ms). */
export const chordPause = 1200

/** Remembers a first key (`g`) until the second comes: gives back what was typed, as one or two chords. */
export function createChordReader(now: () => number): (chord: string, firsts: ReadonlySet<string>) => string {
  let first: { chord: string; at: number } | null = null
  return (chord, firsts) => {
    const before = first
    first = null
    if (before !== null && now() - before.at < chordPause) return `${before.chord} ${chord}`
    if (firsts.has(chord)) first = { chord, at: now() }
    return chord
  }
}
