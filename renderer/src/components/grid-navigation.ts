import { type FocusEvent, type KeyboardEvent, type RefObject, useCallback, useMemo, useRef, useState } from 'react'
import { flushSync } from 'react-dom'

const cellsOf = (row: HTMLElement): HTMLElement[] => [...row.querySelectorAll<HTMLElement>('[data-cell-focus]')]

/** Where a key of a table leads: the index of a row, or null when the key is none of the table's. */
export function nextRow(key: string, at: number, count: number, page: number): number | null {
  const last = count - 1
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return Math.min(last, at + 1)
    case 'ArrowUp':
    case 'k':
      return Math.max(0, at - 1)
    case 'PageDown':
      return Math.min(last, at + page)
    case 'PageUp':
      return Math.max(0, at - page)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return null
  }
}

export type GridNavigation = {
  ref: RefObject<HTMLDivElement | null>
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void
  onFocus: (event: FocusEvent<HTMLElement>) => void
  /** The row that has or gets the focus: the one with `tabIndex={0}`, drawn wherever it is. Null: there is no row. */
  tabStop: string | null
  /** Gives a row the focus, on screen or not. */
  focusRow: (id: string) => void
}

/**
 * Moves the focus through a table's rows (arrows, j and k, PageUp and PageDown, Home, End) and through the controls
 * of a row (Left, Right). Rows carry `data-row-id` and `tabIndex={-1}` except one; controls carry `data-cell-focus`.
 * What else a key does is decided by `onKey`, which gets the row's id and returns true when it used the key.
 */
export function useGridNavigation(
  onKey: (event: KeyboardEvent<HTMLElement>, id: string, inRow: boolean) => boolean,
  options: {
    /** All rows in their order, also those that are not drawn. */
    ids: readonly string[]
    /** The row whose detail is open. */
    openId: string | null
    letters: boolean
    onFocusRow: (id: string, extend: boolean) => void
  },
): GridNavigation {
  const { ids, openId, letters, onFocusRow } = options
  const ref = useRef<HTMLDivElement>(null)
  const places = useMemo(() => new Map(ids.map((id, index) => [id, index])), [ids])
  const [last, setLast] = useState({ id: openId, openId })
  if (last.openId !== openId) setLast({ id: openId ?? last.id, openId })
  const tabStop = last.id !== null && places.has(last.id) ? last.id : (ids[0] ?? null)

  const focusRow = useCallback((id: string) => {
    const find = () => ref.current?.querySelector<HTMLElement>(`[data-row-id="${CSS.escape(id)}"]`)
    // Drawn at once, because the next key may come before the next frame.
    if (find() === null) flushSync(() => setLast((old) => ({ ...old, id })))
    find()?.focus()
  }, [])
  const onFocus = useCallback((event: FocusEvent<HTMLElement>) => {
    const id = event.target.closest<HTMLElement>('[data-row-id]')?.dataset.rowId
    if (id !== undefined) setLast((old) => (old.id === id ? old : { ...old, id }))
  }, [])
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-row-id]')
      if (row === null || event.defaultPrevented) return
      const inRow = event.target === row
      const id = row.dataset.rowId ?? ''
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey
      const isLetter = event.key.length === 1 && event.key !== ' '
      if (plain && (!isLetter || letters)) {
        const next = nextRow(event.key, places.get(id) ?? 0, ids.length, 10)
        const target = next === null ? undefined : ids[next]
        if (target !== undefined) {
          event.preventDefault()
          focusRow(target)
          onFocusRow(target, event.shiftKey)
          return
        }
        if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
          const stops = [row, ...cellsOf(row)]
          const at = stops.indexOf(event.target as HTMLElement)
          stops[event.key === 'ArrowRight' ? Math.min(stops.length - 1, at + 1) : Math.max(0, at - 1)]?.focus()
          event.preventDefault()
          return
        }
      }
      if (isLetter && plain && !letters) return
      if (onKey(event, id, inRow)) event.preventDefault()
    },
    [ids, places, letters, onFocusRow, onKey, focusRow],
  )
  return { ref, onKeyDown, onFocus, tabStop, focusRow }
}
