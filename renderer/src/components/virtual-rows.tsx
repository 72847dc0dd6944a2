import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual'
import { Fragment, type ReactNode, useCallback, useMemo, useRef } from 'react'

/** A row of a table: of the list itself, or the head of a group, which stays in sight above its rows. */
export type VirtualRow = { readonly key: string; readonly isHead: boolean }

/** What a row's element must carry: its place, and the function that learns its height. */
export type RowPlace = {
  readonly 'data-index': number
  readonly 'aria-rowindex': number
  readonly ref: (element: HTMLElement | null) => void
}

/** The line of column headings above the rows, in px. */
const headingHeight = 28

/**
 * Draws only the rows on screen, so that ten thousand cost no more than forty. They stand in ordinary flow with empty
 * space in place of what is not drawn: the head of the current group keeps sticking, a row that is kept because it has
 * the focus is where it belongs, and the browser itself scrolls to what is focused.
 */
export function VirtualRows<Row extends VirtualRow>({
  rows,
  keep,
  estimate,
  children,
}: {
  rows: readonly Row[]
  /** Key of a row that is drawn wherever it is: it has the focus, or the tab stop. */
  keep: string | null
  /** How high a row will probably be, in px; it is measured when it is drawn. */
  estimate: (row: Row) => number
  children: (row: Row, place: RowPlace) => ReactNode
}) {
  // The table itself is an ancestor, whose own reference is set too late for the first drawing.
  const bottom = useRef<HTMLDivElement>(null)
  const places = useMemo(() => new Map(rows.map(({ key }, index) => [key, index])), [rows])
  const kept = keep === null ? undefined : places.get(keep)
  const heads = useMemo(() => rows.flatMap(({ isHead }, index) => (isHead ? [index] : [])), [rows])
  // eslint-disable-next-line react-hooks/incompatible-library -- called here alone; its functions go to elements only
  const virtualizer = useVirtualizer<HTMLElement, HTMLElement>({
    count: rows.length,
    getScrollElement: () => bottom.current?.closest<HTMLElement>('[role="grid"]') ?? null,
    estimateSize: (index) => (rows[index] === undefined ? headingHeight : estimate(rows[index])),
    getItemKey: (index) => rows[index]?.key ?? index,
    scrollMargin: headingHeight,
    overscan: 12,
    useFlushSync: false,
    rangeExtractor: useCallback(
      (range: Range) => {
        const drawn = new Set(defaultRangeExtractor(range))
        const head = heads.findLast((index) => index <= range.startIndex)
        if (head !== undefined) drawn.add(head)
        if (kept !== undefined) drawn.add(kept)
        return [...drawn].sort((a, b) => a - b)
      },
      [heads, kept],
    ),
  })
  let end = headingHeight
  const items = virtualizer.getVirtualItems().map((item) => {
    const gap = item.start - end
    end = item.end
    const row = rows[item.index]
    return (
      <Fragment key={item.key}>
        {gap > 0 && <div role="none" style={{ height: gap }} />}
        {row !== undefined &&
          children(row, {
            'data-index': item.index,
            'aria-rowindex': item.index + 2,
            ref: virtualizer.measureElement,
          })}
      </Fragment>
    )
  })
  return (
    <>
      {items}
      <div ref={bottom} role="none" style={{ height: virtualizer.getTotalSize() + headingHeight - end }} />
    </>
  )
}
