import type { YamlMapping, YamlNode } from './yaml-tree.ts'

/** What was found wrong while reading one mapping. */
export type FieldFinding = { readonly field: string; readonly offset: number }

/**
 * Reads the fields of one mapping by name and notes what does not fit: fields of the wrong shape, texts that kubectl
 * takes for numbers or booleans, and names nobody asked for.
 */
export class FieldReader {
  readonly wrongShape: FieldFinding[] = []
  readonly notText: FieldFinding[] = []
  readonly offsets = new Map<string, number>()
  readonly #mapping: YamlMapping | null
  readonly #asked = new Set<string>()
  readonly #prefix: string

  /** `prefix` stands before field names in findings (`exec.`). */
  constructor(node: YamlNode | undefined, prefix = '') {
    this.#prefix = prefix
    this.#mapping = node?.kind === 'mapping' ? node : null
    if (node !== undefined && node.kind !== 'mapping' && !isNull(node))
      this.wrongShape.push({ field: prefix.replace(/\.$/, '') || 'entry', offset: node.offset })
  }

  /** Null when absent, null or empty. */
  text(field: string): string | null {
    const node = this.#take(field)
    const text = node === null ? null : this.#scalar(node, field)
    return text === '' ? null : text
  }

  flag(field: string): boolean {
    const node = this.#take(field)
    if (node === null) return false
    if (node.kind === 'scalar') return /^(?:true|yes|on|y)$/i.test(node.text)
    this.#wrong(field, node)
    return false
  }

  texts(field: string): string[] {
    const node = this.#take(field)
    return node === null ? [] : this.#textsOf(node, field)
  }

  textMap(field: string): Record<string, string> {
    const read: [string, string][] = []
    for (const [name, value] of this.#entriesOf(field)) {
      const text = this.#scalar(value, `${field}.${name}`)
      if (text !== null) read.push([name, text])
    }
    return Object.fromEntries(read)
  }

  textLists(field: string): Record<string, string[]> {
    return Object.fromEntries(
      this.#entriesOf(field).map(([name, value]) => [name, this.#textsOf(value, `${field}.${name}`)]),
    )
  }

  /** The node itself; null when absent or null. */
  node(field: string): YamlNode | null {
    return this.#take(field)
  }

  /** A reader for a mapping inside; null when the field is absent or null. Its findings join these. */
  inside(field: string): FieldReader | null {
    const node = this.#take(field)
    if (node === null) return null
    return new FieldReader(node, `${this.#prefix}${field}.`)
  }

  items(field: string): readonly YamlNode[] {
    const node = this.#take(field)
    if (node === null) return []
    if (node.kind === 'list') return node.items
    this.#wrong(field, node)
    return []
  }

  join(inner: FieldReader): void {
    this.wrongShape.push(...inner.wrongShape)
    this.notText.push(...inner.notText)
    for (const [field, offset] of inner.offsets) this.offsets.set(field, offset)
  }

  /** Fields that stand there and that nobody read. */
  unknown(): FieldFinding[] {
    return [...(this.#mapping?.entries ?? [])]
      .filter(([field]) => !this.#asked.has(field))
      .map(([field, node]) => ({ field: this.#prefix + field, offset: node.offset }))
  }

  #take(field: string): YamlNode | null {
    this.#asked.add(field)
    const node = this.#mapping?.entries.get(field)
    if (node === undefined) return null
    this.offsets.set(this.#prefix + field, node.offset)
    return isNull(node) ? null : node
  }

  #scalar(node: YamlNode, field: string): string | null {
    if (node.kind !== 'scalar') {
      this.#wrong(field, node)
      return null
    }
    if (node.type === 'null') return null
    if (node.type !== 'string') this.notText.push({ field: this.#prefix + field, offset: node.offset })
    return node.text
  }

  #textsOf(node: YamlNode, field: string): string[] {
    if (isNull(node)) return []
    if (node.kind !== 'list') {
      this.#wrong(field, node)
      return []
    }
    return node.items.flatMap((item) => this.#scalar(item, field) ?? [])
  }

  #entriesOf(field: string): [string, YamlNode][] {
    const node = this.#take(field)
    if (node === null) return []
    if (node.kind === 'mapping') return [...node.entries]
    this.#wrong(field, node)
    return []
  }

  #wrong(field: string, node: YamlNode): void {
    this.wrongShape.push({ field: this.#prefix + field, offset: node.offset })
  }
}

const isNull = (node: YamlNode): boolean => node.kind === 'scalar' && node.type === 'null'
