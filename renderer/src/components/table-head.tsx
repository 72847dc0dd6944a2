import table from './table.module.css'

/** The line of column headings. Screen readers alone are told the first and the last: what stands there needs no name. */
export function TableHead({ headings }: { headings: readonly string[] }) {
  return (
    <div role="row" aria-rowindex={1} className={table.head}>
      {headings.map((words, index) => (
        <span key={words} role="columnheader" className={table.cell}>
          {index > 0 && index < headings.length - 1 ? words : <span className="visually-hidden">{words}</span>}
        </span>
      ))}
    </div>
  )
}
