import table from './table.module.css'

/** A heading; the two words of a pair are one that is short enough to be seen, and one that is read aloud. */
export type Heading = string | readonly [seen: string, heard: string]

/** The line of column headings. Screen readers alone are told the first and the last: what stands there needs no name. */
export function TableHead({ headings }: { headings: readonly Heading[] }) {
  return (
    <div role="row" aria-rowindex={1} className={table.head}>
      {headings.map((heading, index) => {
        const [seen, heard] = typeof heading === 'string' ? [heading, heading] : heading
        const shown = index > 0 && index < headings.length - 1
        return (
          <span key={heard} role="columnheader" className={table.cell}>
            {shown && <span aria-hidden={seen !== heard || undefined}>{seen}</span>}
            {(!shown || seen !== heard) && <span className="visually-hidden">{heard}</span>}
          </span>
        )
      })}
    </div>
  )
}
