import { type KeyboardEvent, type RefObject, useCallback, useRef } from 'react'

const rowsOf = (grid: HTMLElement): HTMLElement[] => [...grid.querySelectorAll<HTMLElement>('[data-row-id]')]
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
}

/**
 * Moves the focus through a table's rows (arrows, j and k, PageUp and PageDown, Home, End) and through the controls
 * of a row (Left, Right). Rows carry `data-row-id` and `tabIndex={-1}` except one; controls carry `data-cell-focus`.
 * What else a key does is decided by `onKey`, which gets the row's id and returns true when it used the key.
 */
export function useGridNavigation(
  onKey: (event: KeyboardEvent<HTMLElement>, id: string, inRow: boolean) => boolean,
  options: { letters: boolean; onFocusRow: (id: string, extend: boolean) => void },
): GridNavigation {
  const ref = useRef<HTMLDivElement>(null)
  const onKeyDown = useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const grid = ref.current
      const row = (event.target as HTMLElement).closest<HTMLElement>('[data-row-id]')
      if (grid === null || row === null || event.defaultPrevented) return
      const inRow = event.target === row
      const id = row.dataset.rowId ?? ''
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey
      const isLetter = event.key.length === 1 && event.key !== ' '
      if (plain && (!isLetter || options.letters)) {
        const rows = rowsOf(grid)
        const target = nextRow(event.key, rows.indexOf(row), rows.length, 10)
        if (target !== null) {
          event.preventDefault()
          rows[target]?.focus()
          options.onFocusRow(rows[target]?.dataset.rowId ?? id, event.shiftKey)
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
      if (isLetter && plain && !options.letters) return
      if (onKey(event, id, inRow)) event.preventDefault()
    },
    [onKey, options],
  )
  return { ref, onKeyDown }
}
