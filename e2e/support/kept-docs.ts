import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { format } from 'prettier'

const docs = join(import.meta.dirname, '..', '..', 'docs')

/** Keeps figures (text of JSON) as docs/NAME. */
export async function keepJson(name: string, text: string): Promise<void> {
  await writeFile(join(docs, name), await format(text, { parser: 'json', printWidth: 120 }))
}

/** Puts Markdown between `<!-- MARK: begin -->` and `<!-- MARK: end -->` of docs/NAME; the words around it stay. */
export async function keepTable(name: string, mark: string, markdown: string): Promise<void> {
  const [begin, end] = [`<!-- ${mark}: begin -->`, `<!-- ${mark}: end -->`]
  const file = join(docs, name)
  const [before, rest] = (await readFile(file, 'utf8')).split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${file} has no place for the table`)
  const text = `${before}${begin}\n\n${markdown}\n${end}${after}`
  await writeFile(file, await format(text, { parser: 'markdown', printWidth: 120 }))
}
