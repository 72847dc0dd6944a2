import messages from '../../../docs/messages.md?raw'

type Row = {
  readonly what: readonly RegExp[]
  readonly next: readonly RegExp[] | null
  /** The message may be filled in whole, with a sentence of another row. */
  readonly anyWhat: boolean
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')

/**
 * The texts of one cell, alternatives between `<br>`: `‹name›` may be anything, `[…]` may be left out. A source may say
 * a part of a sentence: the beginning in lower case and no full stop. Null for what is filled in whole: it would fit all.
 */
function pattern(text: string): RegExp | null {
  const words = text.replaceAll(/\[[^\]]*\]|‹[^›]*›|[^a-z]/gi, '')
  if (words.length < 4) return null
  const source = text
    .replaceAll('\\|', '|')
    .replaceAll('&lt;', '<')
    .split(/(‹[^›]*›|\[|\])/)
    .map((part) => (part.startsWith('‹') ? '.+?' : part === '[' ? '(?:' : part === ']' ? ')?' : literal(part)))
    .join('')
  return new RegExp(`^${source}\\.?$`, 'i')
}

const patterns = (cell: string): RegExp[] =>
  cell
    .split('<br>')
    .map(pattern)
    .filter((each) => each !== null)

/** Rows of the tables: four cells with a next step, two without. */
const rows: readonly Row[] = messages
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) => line.slice(2, -2).split(/ \| /))
  .map((cells) => ({
    what: patterns(cells[0] ?? ''),
    anyWhat: (cells[0] ?? '').split('<br>').some((text) => pattern(text) === null),
    next: cells.length > 2 ? patterns(cells[1] ?? '') : null,
  }))

const fits = (text: string, patterns: readonly RegExp[]): boolean => patterns.some((each) => each.test(text))

/** A cause of a forward adds this to the next step of the way there (cause-words.ts). */
const withoutTry = (next: string): string => next.replace(/ It is tried again by itself\.$/, '')

/**
 * Whether a source of the product says these words (docs/messages.md, which is made from the sources), with this next
 * step beside them; `next` null: said somewhere, with or without one.
 */
export function isSaid(message: string, next: string | null): boolean {
  const said = rows.filter((row) => fits(message, row.what))
  if (said.length === 0 || next === null) return said.length > 0
  return rows.some(
    (row) =>
      (said.includes(row) || row.anyWhat) &&
      row.next !== null &&
      (fits(next, row.next) || fits(withoutTry(next), row.next)),
  )
}
