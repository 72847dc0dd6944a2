// Writes docs/messages.md: every sentence that says what is wrong and what to do next, read from the sources, so that
// they can be read aloud side by side. `--check` only compares.
// Usage: node build/messages.mjs [--check]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'
import { root, say } from './node.mjs'

const page = join(root, 'docs', 'messages.md')
const folders = ['contract', 'network', 'electron', 'sidecar', 'renderer/src']

/**
 * Where a reader looks first: by what meets them, not by folder. The first that matches counts.
 * @type {[string, RegExp][]}
 */
const chapters = [
  ['Why a forward is not live', /^electron\/core\/forwards\//],
  ['What a kubeconfig would do', /^electron\/core\/kubeconfig\//],
  ['Credentials', /^electron\/core\/credentials\//],
  ['Clusters and the connection test', /^(electron\/core\/clusters|sidecar|network)\//],
  ['Vault and database', /^electron\/core\/(vault|store)\//],
  ['kubectl and this machine', /^electron\/core\/(processes|platform|settings|diagnostics)\//],
  ['Pages', /^renderer\//],
  ['The call itself', /./],
]

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    // Samples for specs and pictures say nothing to anybody.
    if (entry.isDirectory() && entry.name === 'testing') continue
    if (entry.isDirectory()) yield* sources(path)
    else if (/\.tsx?$/.test(entry.name) && !/\.(spec|testing)\.tsx?$/.test(entry.name)) yield path
  }
}

/** The name by which a value stands in a sentence: `context.cluster` is ‹cluster›. */
function placeholder(node) {
  if (ts.isCallExpression(node)) {
    const inner = ts.isPropertyAccessExpression(node.expression) ? node.expression.expression : node.arguments[0]
    return inner === undefined ? placeholder(node.expression) : placeholder(inner)
  }
  if (ts.isPropertyAccessExpression(node)) return `‹${node.name.text}›`
  return ts.isIdentifier(node) ? `‹${node.text}›` : '‹…›'
}

/** The block, or else the file, in which a name means this. */
function scopeOf(node) {
  return ts.isBlock(node) || ts.isSourceFile(node) ? node : scopeOf(node.parent)
}

/** All wordings that an expression can have, or null when it is no text. */
function wordings(node, constants) {
  const read = (inner) => wordings(inner, constants)
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text]
  if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node)) return read(node.expression)
  if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) return read(node.body)
  if (ts.isConditionalExpression(node)) {
    const ways = [read(node.whenTrue), read(node.whenFalse)]
    return ways.every((way) => way === null) ? null : ways.flatMap((way) => way ?? [])
  }
  if (ts.isTemplateExpression(node)) {
    let texts = [node.head.text]
    for (const { expression, literal } of node.templateSpans) {
      const inner = read(expression) ?? [placeholder(expression)]
      texts = texts.flatMap((text) => inner.map((words) => text + words + literal.text))
    }
    return texts
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [read(node.left), read(node.right)]
    return left === null || right === null ? null : left.flatMap((text) => right.map((more) => text + more))
  }
  if (!ts.isIdentifier(node)) return null
  // Of several of one name, the innermost that can be seen from here.
  const seen = constants.get(node.text)?.filter(({ scope }) => scope.pos <= node.pos && node.end <= scope.end)
  return seen?.at(-1)?.texts ?? null
}

const isSentence = (texts) => texts?.some((text) => /^[A-Z‹“"]/.test(text) && /\s/.test(text)) === true
const propertyOf = (node, name) => node.properties.find((property) => property.name?.getText() === name)
const propertyValue = (property) =>
  property === undefined ? undefined : ts.isShorthandPropertyAssignment(property) ? property.name : property.initializer

/** The code a sentence belongs to: said beside it, or the key it stands under. */
function codeOf(node, constants) {
  const own = propertyValue(propertyOf(node, 'code'))
  const said = own === undefined ? null : wordings(own, constants)
  if (said !== null) return said.join(', ')
  for (let up = node.parent; up !== undefined; up = up.parent) {
    if (ts.isPropertyAssignment(up)) return up.name.getText().replaceAll("'", '')
    if (ts.isCaseClause(up)) return up.expression.getText().replaceAll("'", '')
    if (ts.isBlock(up) || ts.isSourceFile(up)) return ''
  }
  return ''
}

/** What is said, what next, and under which code; null: this node says nothing. */
function sentenceAt(node, constants) {
  if (ts.isObjectLiteralExpression(node)) {
    const what = propertyValue(propertyOf(node, 'message') ?? propertyOf(node, 'detail'))
    const next = propertyValue(propertyOf(node, 'next'))
    if (what === undefined || next === undefined) return null
    const [said, then] = [wordings(what, constants), wordings(next, constants)]
    return said === null || then === null ? null : { what: said, next: then, code: codeOf(node, constants) }
  }
  if (ts.isCallExpression(node)) {
    const texts = node.arguments.map((argument) => wordings(argument, constants))
    const at = texts.findIndex((text, index) => isSentence(text) && isSentence(texts[index + 1]))
    return at < 0 ? null : { what: texts[at], next: texts[at + 1], code: at === 0 ? '' : (texts[0]?.join(', ') ?? '') }
  }
  if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) {
    if (node.tagName.getText() !== 'EmptyState') return null
    const named = node.attributes.properties.filter(ts.isJsxAttribute)
    const title = named.find((attribute) => attribute.name.getText() === 'title')?.initializer
    const expression = title !== undefined && ts.isJsxExpression(title) ? title.expression : title
    const what = expression === undefined ? null : wordings(expression, constants)
    const element = ts.isJsxOpeningElement(node) ? node.parent : null
    const text = element === null ? '' : jsxText(element)
    return what === null ? null : { what, next: [text], code: 'empty page' }
  }
  return null
}

/** The words inside an element, tags left out. */
function jsxText(element) {
  const words = []
  for (const child of element.children) {
    if (ts.isJsxText(child)) words.push(child.text)
    else if (ts.isJsxElement(child)) words.push(jsxText(child))
    else if (ts.isJsxExpression(child) && child.expression !== undefined) words.push(placeholder(child.expression))
  }
  return words.join(' ').replace(/\s+/g, ' ').trim()
}

function sentencesIn(path) {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
  const constants = new Map()
  const found = []
  const remember = (node) => {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
      const texts = ts.isArrowFunction(node.initializer) ? null : wordings(node.initializer, constants)
      const { text } = node.name
      if (texts !== null) constants.set(text, [...(constants.get(text) ?? []), { texts, scope: scopeOf(node) }])
    }
    ts.forEachChild(node, remember)
  }
  const walk = (node) => {
    const sentence = sentenceAt(node, constants)
    if (sentence !== null) found.push(sentence)
    ts.forEachChild(node, walk)
  }
  remember(file)
  walk(file)
  return found
}

const cell = (texts) =>
  texts
    .map((text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ').trim())
    .filter((text, index, all) => text !== '' && all.indexOf(text) === index)
    .join('<br>')

/** The page as it should be. */
export async function messagesPage() {
  const rows = new Map(chapters.map(([title]) => [title, new Set()]))
  for (const folder of folders)
    for (const path of [...sources(join(root, folder))].sort()) {
      const name = relative(root, path).split(sep).join('/')
      const [title] = chapters.find(([, place]) => place.test(name)) ?? ['']
      for (const { what, next, code } of sentencesIn(path))
        rows.get(title)?.add(`| ${cell(what)} | ${cell(next)} | ${code === '' ? '' : `\`${code}\``} | \`${name}\` |`)
    }
  const text = [
    '# Messages',
    '',
    'Every sentence that says what is wrong and what to do next, as it stands in the sources; `‹name›` is filled in when it is',
    'said. Written by `node build/messages.mjs`; `npm run check` proves that it is up to date.',
    ...[...rows].flatMap(([title, lines]) =>
      lines.size === 0
        ? []
        : [
            '',
            `## ${title}`,
            '',
            '| what, and why | what next | code | where |',
            '| --- | --- | --- | --- |',
            ...lines,
          ],
    ),
    '',
  ].join('\n')
  return format(text, { ...(await resolveConfig(page)), parser: 'markdown' })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = await messagesPage()
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (readFileSync(page, 'utf8') !== wanted) {
    say('docs/messages.md is not what the sources say. Run: node build/messages.mjs')
    process.exitCode = 1
  }
}
