// Every wording that an expression of a source file can have: texts, templates, tables, and functions that make them.
import ts from 'typescript'

/** The name by which a value stands in a sentence: `context.cluster` is ‹cluster›, and what is made of it too. */
export function placeholder(node, names) {
  const of = (inner) => placeholder(inner, names)
  if (ts.isCallExpression(node)) {
    const [argument] = node.arguments
    if (ts.isPropertyAccessExpression(node.expression) && !/^[A-Z]/.test(node.expression.expression.getText()))
      return of(node.expression.expression)
    return of(argument === undefined || ts.isArrowFunction(argument) ? node.expression : argument)
  }
  if (ts.isPropertyAccessExpression(node)) return `‹${node.name.text}›`
  if (ts.isBinaryExpression(node)) return of(node.left)
  if (ts.isNonNullExpression(node) || ts.isElementAccessExpression(node)) return of(node.expression)
  if (ts.isConditionalExpression(node)) return of(node.whenFalse)
  if (ts.isNewExpression(node) && node.arguments?.[0] !== undefined) return of(node.arguments[0])
  if (ts.isJsxSelfClosingElement(node)) return `‹${node.tagName.getText()}›`
  if (!ts.isIdentifier(node)) return '‹…›'
  return names.bound.get(node.text)?.[0] ?? `‹${node.text}›`
}

const isNull = (node) => node.kind === ts.SyntaxKind.NullKeyword || (ts.isIdentifier(node) && node.text === 'undefined')
const isNothing = (node) => isNull(node) || (ts.isStringLiteralLike(node) && node.text === '')

/** The name by which what a function makes stands in a sentence: `addressOf(…)` is ‹address›. */
function madeBy(call, names) {
  const [, what] = /^(.+?)(?:Of|Words?)$/.exec(call.expression.getText()) ?? []
  return what === undefined ? placeholder(call, names) : `‹${what}›`
}

/** The block, or else the file, in which a name means this. */
function scopeOf(node) {
  return ts.isBlock(node) || ts.isSourceFile(node) ? node : scopeOf(node.parent)
}

export const isOneLine = (node) => ts.isArrowFunction(node) && !ts.isBlock(node.body)

/** What a function can give back. */
function givenBack(called) {
  if (called.body === undefined) return []
  if (!ts.isBlock(called.body)) return [called.body]
  const found = []
  const look = (node) => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression)
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, look)
  }
  look(called.body)
  return found
}
const isText = (node) =>
  ts.isStringLiteralLike(node) ||
  ts.isTemplateExpression(node) ||
  ts.isConditionalExpression(node) ||
  ts.isBinaryExpression(node)

const isTable = (node) => ts.isObjectLiteralExpression(node) || ts.isArrayLiteralExpression(node)

/** The names a file takes from others. */
export const importsOf = (file) =>
  new Set(
    file.statements
      .filter(ts.isImportDeclaration)
      .flatMap(({ importClause }) => [...(importClause?.namedBindings?.elements ?? [])].map(({ name }) => name.text)),
  )

/** Whether a function between a name and where it would be declared has a parameter called so. */
function isParameter(name, scope) {
  for (let up = name.parent; up !== undefined && up !== scope; up = up.parent)
    if (ts.isFunctionLike(up) && up.parameters.some((one) => new RegExp(`\\b${name.text}\\b`).test(one.name.getText())))
      return true
  return false
}

/** Every `const` of a file that is a text, and every function: `[name, { value, scope }]`. */
export function wordsOfFile(file) {
  const found = []
  const look = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      const value = node.initializer
      if (isText(value) || ts.isArrowFunction(value) || isTable(value))
        found.push([node.name.text, { value, scope: scopeOf(node) }])
    }
    if (ts.isFunctionDeclaration(node) && node.name !== undefined)
      found.push([node.name.text, { value: node, scope: scopeOf(node.parent) }])
    ts.forEachChild(node, look)
  }
  look(file)
  return found
}

/**
 * What names mean while a file is read: `bound` (parameters of the function that is followed), then what the file itself
 * says, the innermost first, then what other files export.
 */
export class Names {
  constructor({ words, imports, exported }, bound = new Map(), depth = 0) {
    this.words = words
    this.imports = imports
    this.exported = exported
    this.bound = bound
    this.depth = depth
  }

  deeper(bound) {
    return new Names(this, bound, this.depth + 1)
  }

  /** The texts or the one-line function behind a name; null: something else. */
  find(node) {
    const { text } = node
    if (this.bound.has(text)) return { texts: this.bound.get(text) }
    if (this.depth > 4) return null
    // Of several of one name, the innermost that can be seen from here.
    const seen = (this.words.get(node.getSourceFile()) ?? []).filter(
      ([name, { scope, value }]) =>
        name === text &&
        scope.pos <= node.pos &&
        node.end <= scope.end &&
        !(value.pos <= node.pos && node.end <= value.end),
    )
    const found = seen.at(-1)?.[1] ?? (this.imports.has(text) ? this.exported.get(text) : undefined)
    if (found === undefined || isParameter(node, found.scope)) return null
    return { value: found.value }
  }

  /** The function's own names, with its parameters bound to what it is called with. */
  within(called, given) {
    const bound = new Map()
    called.parameters.forEach(({ name }, index) => {
      if (!ts.isIdentifier(name)) return
      const argument = given[index]
      bound.set(name.text, argument === undefined ? [''] : (wordings(argument, this) ?? [placeholder(argument, this)]))
    })
    const { words, exported } = this
    return new Names({ words, imports: importsOf(called.getSourceFile()), exported }, bound, this.depth + 1)
  }
}

/** All wordings that an expression can have; null when it is no text. */
export function wordings(node, names) {
  const read = (inner) => wordings(inner, names)
  if (ts.isStringLiteralLike(node)) return [node.text]
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return read(node.expression)
  if (isOneLine(node)) return read(node.body)
  if (ts.isConditionalExpression(node)) {
    const sides = [node.whenTrue, node.whenFalse]
    const ways = sides.map(read)
    if (ways.every((way) => way === null)) return null
    const said = ways.flatMap((way, index) =>
      isNothing(sides[index]) ? [] : (way ?? [placeholder(sides[index], names)]),
    )
    // Said only sometimes: shown once, in brackets. In a text, null is what is never put there.
    const sometimes = sides.some((side) => isNothing(side) && (!isNull(side) || ts.isJsxExpression(node.parent)))
    return sometimes ? said.map((text) => `[${text}]`) : said
  }
  if (ts.isTemplateExpression(node)) {
    const parts = node.templateSpans.flatMap(({ expression, literal }) => [slot(expression, names), [literal.text]])
    // One value, cut into pieces and put together again.
    return joined([[node.head.text], ...parts]).map((text) => text.replaceAll(/(‹[^›]*›)\1/g, '$1'))
  }
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [read(node.left), read(node.right)]
    if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
      return right === null
        ? left
        : [...(left ?? [placeholder(node.left, names)]), ...(isNothing(node.right) ? [] : right)]
    if (node.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken)
      return right === null ? null : right.map((text) => `[${text}]`)
    if (node.operatorToken.kind !== ts.SyntaxKind.PlusToken || (left === null && right === null)) return null
    return joined([left ?? [placeholder(node.left, names)], right ?? [placeholder(node.right, names)]])
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
    const called = names.find(node.expression)?.value
    if (called === undefined || !ts.isFunctionLike(called)) return null
    const inside = names.within(called, node.arguments)
    const ways = givenBack(called).flatMap((given) => wordings(given, inside) ?? [])
    // An address, a reference: written in several ways, and no words.
    if (ways.length > 1 && !ways.some((way) => /[a-z]/i.test(bare(way)))) return [madeBy(node, names)]
    return ways.length === 0 ? null : ways
  }
  // One of a table.
  if (ts.isElementAccessExpression(node)) {
    const of = ts.isParenthesizedExpression(node.expression) ? node.expression.expression : node.expression
    const table = ts.isIdentifier(of) ? names.find(of)?.value : of
    if (table === undefined || !isTable(table)) return null
    const values = ts.isArrayLiteralExpression(table)
      ? table.elements
      : table.properties.filter(ts.isPropertyAssignment).map(({ initializer }) => initializer)
    const ways = values.flatMap((value) => (isNothing(value) ? [] : (read(value) ?? [])))
    return ways.length === 0 ? null : ways
  }
  if (ts.isPropertyAccessExpression(node) && node.name.text === 'message') return caught(node, names)
  if (!ts.isIdentifier(node)) return null
  const found = names.find(node)
  if (found === null || found.texts !== undefined) return found?.texts ?? null
  return isText(found.value) ? wordings(found.value, names.deeper(names.bound)) : null
}

/** What stands in the gap of a text. */
function slot(expression, names) {
  const ways = wordings(expression, names)
  if (ways === null) return [placeholder(expression, names)]
  // What another file says in many ways stands there, once.
  if (ways.length > 3 && ts.isCallExpression(expression) && ts.isIdentifier(expression.expression)) {
    const called = names.find(expression.expression)?.value
    if (called?.getSourceFile() !== expression.getSourceFile()) return [madeBy(expression, names)]
  }
  // Several single words are names of things (`pod/‹name›`, `svc/‹name›`), not other sentences.
  return ways.length > 2 && !ways.some((words) => /\s/.test(words)) ? [placeholder(expression, names)] : ways
}

/** Parts one after the other, in every combination; where those were many, `{one / other}` in place. */
function joined(parts) {
  const many = parts.reduce((count, ways) => count * ways.length, 1) > 5
  return parts.reduce(
    (texts, ways) => {
      const shown = many && ways.length > 1 ? [`{${[...new Set(ways)].join(' / ')}}`] : ways
      return texts.flatMap((text) => shown.map((words) => text + words))
    },
    [''],
  )
}

/** Whose `catch` is being read: what it says may itself be one of the things it calls with. */
const beingRead = new Set()

/** What a `catch` can say: the words of every failure that the functions make which its `try` and itself call. */
function caught(node, names) {
  const tried = tryAround(node)
  if (tried === undefined || beingRead.has(tried)) return null
  beingRead.add(tried)
  const ways = []
  const seen = new Set()
  const look = (inner, known) => {
    if (ts.isNewExpression(inner) && inner.expression.getText() === 'NetworkFailure' && known !== names)
      ways.push(...(wordings(inner.arguments?.[1] ?? inner, known) ?? []))
    if (ts.isCallExpression(inner) && ts.isIdentifier(inner.expression)) {
      const made = known.find(inner.expression)?.value
      if (made?.body !== undefined && !seen.has(made)) {
        seen.add(made)
        look(made.body, known.within(made, inner.arguments))
      }
    }
    ts.forEachChild(inner, (child) => look(child, known))
  }
  look(tried, names)
  beingRead.delete(tried)
  const said = [...new Set(ways)].filter((text) => bare(text) !== '')
  return said.length === 0 ? null : said
}

/** The `try` in whose `catch` this stands. */
function tryAround(node) {
  for (let up = node.parent; up !== undefined && !ts.isFunctionLike(up); up = up.parent)
    if (ts.isCatchClause(up)) return up.parent
  return undefined
}

/** A text without what it is filled in with, and without the marks around its parts. */
export const bare = (text) => text.replaceAll(/‹[^›]*›|[[\]{}/]/g, '').trim()

/** Whether other files can take it. */
export const isExported = ({ value, scope }) => ts.isSourceFile(scope) && /^export /.test(statementOf(value).getText())

const statementOf = (node) => (ts.isSourceFile(node.parent) ? node : statementOf(node.parent))
