import { useEffect } from 'react'
import { dialogIsOpen } from '../components/layers.ts'
import { type CommandContext, commands } from './commands.ts'
import { chordOf, createChordReader } from './key-chords.ts'

const isApple = /Mac|iPhone|iPad/.test(navigator.platform)
const byKeys = new Map(commands.flatMap((command) => command.keys.map((keys) => [keys, command] as const)))
const firsts = new Set([...byKeys.keys()].filter((keys) => keys.includes(' ')).map((keys) => keys.split(' ')[0] ?? ''))

const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  target.closest('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]') !== null

/** Runs the commands of the list by their keys; one-letter keys only where no text is typed, and only when allowed. */
export function useKeyboard(context: CommandContext, letters: boolean): void {
  useEffect(() => {
    const read = createChordReader(() => performance.now())
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
      const chord = chordOf(event, isApple)
      const single = !/^(Mod|Alt)\+|^(Shift\+)?F\d+$/.test(chord)
      if (single && (!letters || takesText(event.target))) return
      const command = byKeys.get(read(chord, firsts))
      if (command === undefined || command.when?.(context) === false) return
      // A dialog keeps the page below it still; only the palette's own key works there.
      if (dialogIsOpen() && command.id !== 'palette') return
      event.preventDefault()
      command.run(context)
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [context, letters])
}
