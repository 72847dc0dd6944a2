import {
  Alias,
  Composer,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
  type Document,
} from 'yaml'
import { type Result, fail, ok } from '../../../contract/errors.ts'
import { type ScalarType, typeOfPlainScalar } from './plain-scalar.ts'

/**
 * YAML as a kubeconfig needs it: scalars keep their text (`1.10` stays `1.10`), every node knows its place,
 * mappings are Maps, so that no key can reach a prototype.
 */
export type YamlNode = YamlMapping | YamlList | YamlScalar
export type YamlMapping = {
  readonly kind: 'mapping'
  readonly entries: ReadonlyMap<string, YamlNode>
  readonly offset: number
}
type YamlList = { readonly kind: 'list'; readonly items: readonly YamlNode[]; readonly offset: number }
type YamlScalar = {
  readonly kind: 'scalar'
  readonly text: string
  readonly type: ScalarType
  readonly offset: number
}

export type Position = { line: number; column: number }
type DuplicateKey = { key: string; offset: number }
export type YamlDocuments = {
  /** Documents that hold something, in order. */
  documents: YamlNode[]
  duplicateKeys: DuplicateKey[]
  positionOf: (offset: number) => Position
}
export type YamlFailure = { code: 'yaml-syntax' | 'alias-bomb' | 'too-large'; message: string } & Partial<Position>

/** Tokens of the lexer; a kubeconfig of 1,500 contexts has about 300,000. Bounds the time for hostile texts. */
const maxTokens = 500_000
const maxDepth = 64
/** Only the first is told; the rest is not worth the time. */
const mostErrors = 100
/** Nodes that aliases may add: enough for a CA shared by thousands of clusters, far below a "billion laughs". */
const maxAliasedNodes = 100_000

/** Reads all documents of a text. Never throws; the words of a failure hold nothing of the text itself. */
export function readYaml(text: string): Result<YamlDocuments, YamlFailure> {
  const lines = new LineCounter()
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  try {
    const parsed = compose(text, lines)
    if (parsed === null)
      return fail({
        code: 'too-large',
        message: `The text has more than ${maxTokens.toLocaleString('en')} YAML tokens.`,
      })
    const { documents: composed, errors } = parsed
    if (errors.length > 0) return fail(syntaxFailure(errors, text, positionOf))
    const duplicateKeys: DuplicateKey[] = []
    const documents: YamlNode[] = []
    for (const document of composed) {
      const root = document.contents
      if (root === null) continue
      const node = new TreeBuilder(duplicateKeys).build(root, 0)
      if (node.kind !== 'scalar' || node.type !== 'null') documents.push(node)
    }
    return ok({ documents, duplicateKeys, positionOf })
  } catch (error) {
    if (error instanceof TreeError)
      return fail({ code: error.code, message: error.message, ...positionOf(error.offset) })
    if (error instanceof RangeError) return fail({ code: 'yaml-syntax', message: 'The text is nested too deeply.' })
    throw error
  }
}

type SyntaxProblem = { code: string; pos: [number, number] }
type Composed = { documents: Document.Parsed[]; errors: SyntaxProblem[] }

class EnoughErrors extends Error {}

/** Null when there are more tokens than allowed. */
function compose(text: string, lines: LineCounter): Composed | null {
  const parser = new Parser(lines.addNewLine)
  // Duplicate keys are looked for below: the library compares every key with every other.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const documents: Document.Parsed[] = []
  const errors: SyntaxProblem[] = []
  // The library makes an exception with its stack of each error; a text of nothing but errors would take seconds.
  Object.assign(composer, {
    onError: (source: ErrorPlace, code: string, _message: string, isWarning?: boolean) => {
      if (isWarning === true) return
      errors.push({ code, pos: positionsOf(source) })
      if (errors.length >= mostErrors) throw new EnoughErrors()
    },
  })
  const tokens = []
  let broken = 0
  let count = 0
  let open = 0
  lines.addNewLine(0)
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > maxTokens) return null
    if (lexeme === '[' || lexeme === '{') open += 1
    else if (lexeme === ']' || lexeme === '}') open -= 1
    // Looked at here, because the library spends its time on every bracket that is never closed.
    if (open > maxDepth) throw new RangeError('too deep')
    for (const token of parser.next(lexeme)) {
      tokens.push(token)
      if (token.type === 'error') broken += 1
    }
    if (broken >= mostErrors) break
  }
  for (const token of parser.end()) tokens.push(token)
  try {
    for (const document of composer.compose(tokens, true, text.length)) documents.push(document)
  } catch (error) {
    if (!(error instanceof EnoughErrors)) throw error
  }
  return { documents, errors: [...errors, ...documents.flatMap((document) => document.errors)] }
}

type ErrorPlace = number | [number, number, ...unknown[]] | { offset: number; source?: string }

const positionsOf = (place: ErrorPlace): [number, number] => {
  if (typeof place === 'number') return [place, place + 1]
  return Array.isArray(place) ? [place[0], place[1]] : [place.offset, place.offset + (place.source?.length ?? 1)]
}

class TreeError extends Error {
  readonly code: 'yaml-syntax' | 'alias-bomb'
  readonly offset: number

  constructor(code: 'yaml-syntax' | 'alias-bomb', message: string, offset: number) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

/** Turns one document into the tree; aliases share their anchor's node and are counted as if copied. */
class TreeBuilder {
  readonly #anchors = new Map<string, { node: YamlNode; size: number }>()
  readonly #duplicateKeys: DuplicateKey[]
  #size = 0
  #aliased = 0

  constructor(duplicateKeys: DuplicateKey[]) {
    this.#duplicateKeys = duplicateKeys
  }

  build(node: ParsedNode, depth: number): YamlNode {
    const offset = node.range[0]
    if (depth > maxDepth) throw new TreeError('yaml-syntax', 'The text is nested too deeply.', offset)
    if (node instanceof Alias) return this.#alias(node.source, offset)
    const before = this.#size
    this.#size += 1
    const built = this.#content(node, depth, offset)
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, { node: built, size: this.#size - before })
    return built
  }

  #content(node: Exclude<ParsedNode, Alias.Parsed>, depth: number, offset: number): YamlNode {
    if (isScalar(node)) {
      const text = typeof node.value === 'string' ? node.value : ''
      const type = node.type === 'PLAIN' && node.tag === undefined ? typeOfPlainScalar(text) : 'string'
      return { kind: 'scalar', text, type, offset }
    }
    if (isSeq(node)) return { kind: 'list', items: node.items.map((item) => this.build(item, depth + 1)), offset }
    if (isMap(node)) return this.#mapping(node.items, depth, offset)
    throw new TreeError('yaml-syntax', 'The text holds something that is not a YAML value.', offset)
  }

  #alias(name: string, offset: number): YamlNode {
    const target = this.#anchors.get(name)
    if (target === undefined)
      throw new TreeError('yaml-syntax', 'An alias (*) refers to an anchor (&) that does not stand before it.', offset)
    this.#size += target.size
    this.#aliased += target.size
    if (this.#aliased > maxAliasedNodes)
      throw new TreeError(
        'alias-bomb',
        'The aliases (*) in the text would make it far larger than any kubeconfig.',
        offset,
      )
    return target.node
  }

  #mapping(pairs: readonly { key: unknown; value: unknown }[], depth: number, offset: number): YamlMapping {
    const entries = new Map<string, YamlNode>()
    const merged: YamlNode[] = []
    for (const pair of pairs) {
      const keyNode = pair.key as ParsedNode | null
      const keyOffset = keyNode?.range[0] ?? offset
      const key = keyNode === null ? null : this.build(keyNode, depth + 1)
      if (key !== null && key.kind !== 'scalar')
        throw new TreeError('yaml-syntax', 'A key is a list or a mapping; keys must be text.', keyOffset)
      const valueNode = pair.value as ParsedNode | null
      const value: YamlNode =
        valueNode === null
          ? { kind: 'scalar', text: '', type: 'null', offset: keyOffset }
          : this.build(valueNode, depth + 1)
      const name = key?.text ?? ''
      if (name === '<<') {
        merged.push(...(value.kind === 'list' ? value.items : [value]))
        continue
      }
      if (entries.has(name)) this.#duplicateKeys.push({ key: name, offset: keyOffset })
      // The last one wins, as in kubectl.
      entries.set(name, value)
    }
    for (const source of merged) {
      if (source.kind !== 'mapping') continue
      for (const [name, value] of source.entries) if (!entries.has(name)) entries.set(name, value)
    }
    return { kind: 'mapping', entries, offset }
  }
}

/** The first error in words of our own: the library's messages quote the text, which may hold secrets. */
function syntaxFailure(
  errors: readonly SyntaxProblem[],
  text: string,
  positionOf: (offset: number) => Position,
): YamlFailure {
  const first =
    errors.find((error) => error.code === 'TAB_AS_INDENT') ?? errors.toSorted((a, b) => a.pos[0] - b.pos[0])[0]
  const position = first === undefined ? {} : positionOf(first.pos[0])
  if (/^[ \t]*(?:```|~~~)/m.test(text))
    return {
      code: 'yaml-syntax',
      message: 'The text is not YAML: it holds the marks of a code block (```) and perhaps words around it.',
      ...position,
    }
  const reason = syntaxWords[first?.code ?? ''] ?? 'the line does not fit what stands before it'
  return { code: 'yaml-syntax', message: `The text is not YAML: ${reason}.`, ...position }
}

const syntaxWords: Record<string, string> = {
  TAB_AS_INDENT: 'the line is indented with a tab; YAML allows only spaces',
  BAD_INDENT: 'the indentation does not fit the lines around it',
  MISSING_CHAR: 'a closing quote, bracket or colon is missing',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key: value" stands on one line',
  MULTILINE_IMPLICIT_KEY: 'a line has no colon, or its colon stands on another line',
  BAD_SCALAR_START: 'a value begins with a character that must be quoted',
  BAD_ALIAS: 'an alias (*) is malformed',
  BAD_DIRECTIVE: 'a line that begins with % is no directive',
  BAD_DQ_ESCAPE:
    'a backslash in double quotes is followed by a character that means nothing there (Windows paths: use single quotes)',
  TAG_RESOLVE_FAILED: 'a tag (!) is not known',
  MULTIPLE_ANCHORS: 'a value has two anchors (&)',
  UNEXPECTED_TOKEN: 'something stands where nothing belongs',
}

/** The tree as plain values, for parts that are handed on as they are (cluster information for credential commands). */
export function toPlainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      if (node.type === 'null') return null
      if (node.type === 'boolean') return /^(?:y|yes|on|true)$/i.test(node.text)
      return node.type === 'number' ? Number(node.text.replaceAll('_', '')) : node.text
    case 'list':
      return node.items.map(toPlainValue)
    case 'mapping':
      return Object.fromEntries([...node.entries].map(([name, value]) => [name, toPlainValue(value)]))
  }
}
