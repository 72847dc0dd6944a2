import { useEffect, useRef } from 'react'
import { layerIsOpen } from './layers.ts'

/** Runs `leave` on Esc, when nothing above the page (a menu, a dialog, a field with text) used the key first. */
export function useEscape(leave: () => void): void {
  const latest = useRef(leave)
  useEffect(() => {
    latest.current = leave
  })
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented) return
      if (layerIsOpen()) return
      const { target } = event
      // What was typed is not thrown away by one key: the first Esc leaves the field, the next one closes.
      if (
        target instanceof HTMLElement &&
        target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select')
      )
        target.blur()
      else latest.current()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [])
}
