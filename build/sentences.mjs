// Reads the sentences out of a source file: what is said, what to do next, and under which code.
import ts from 'typescript'
import { bare, importsOf, isOneLine, Names, placeholder, wordings, wordsOfFile } from './wordings.mjs'

/** Words of its own, not only what it is filled in with. */
const saysSomething = (texts) => texts?.some((text) => /[a-z]{2,}.*\s/i.test(`${bare(text)} `)) === true
const isSentence = (text) =>
  isUnclosed(text) ||
  (!/^(HTTP\/|[A-Z]\w+-[A-Z]\w+:)/.test(text) &&
    /^\s*[[{]?([A-Z0-9‹“"…]|kubectl )/.test(text) &&
    /\s/.test(text) &&
    /[.?!…:)”]([\s[\]]|$)/.test(text))
/**
 * Without a closing mark (a title, a button, a part of a sentence) it is one when words enough stand side by side: three,
 * or four where it begins small. Code, a pattern or a command is none.
 */
const isUnclosed = (text) =>
  /^([A-Z][A-Za-z']*,?( [a-z']+[,;]?){2}|[a-z']+[,;]?( [a-z']+[,;]?){3})/.test(
    bare(text.replace(/^‹[^›]*›/, 'Filled')),
  ) && !/[<>=$\\^*]/.test(text)

/** A sentence of an argument list: what is wrong may begin small, as a rung of the connection test says it. */
const isNext = (texts) =>
  texts?.some((text) => /^[A-Z]/.test(text) && /\s/.test(text) && saysSomething([text])) === true
const isWhat = (texts) => texts?.some((text) => /\s|‹message›/.test(text.trim())) === true

const unwrapped = (node) => (ts.isParenthesizedExpression(node) ? node.expression : node)

const propertyOf = (node, name) => node.properties.find((property) => property.name?.getText() === name)
const propertyValue = (property) =>
  property === undefined ? undefined : ts.isShorthandPropertyAssignment(property) ? property.name : property.initializer

/** The code a sentence belongs to: said beside it, or the key it stands under. */
function codeOf(node, names) {
  const own = propertyValue(propertyOf(node, 'code'))
  const said = own === undefined ? null : wordings(own, names)
  return said === null ? keyOf(node) : said.join(', ')
}

/** The key or the case a node stands under; in a function of the file, also that under which it is called first. */
function keyOf(node, within = []) {
  let narrowed = ''
  for (let up = node.parent; up !== undefined; up = up.parent) {
    // What a call gives to another call is no table of words.
    const isEntry = ts.isPropertyAssignment(up) && (within.length === 0 || ts.isArrowFunction(up.initializer))
    const key = isEntry ? up.name : ts.isCaseClause(up) ? up.expression : null
    if (key !== null && narrowed === '') narrowed = key.getText().replaceAll("'", '')
    if (isEntry || ts.isMethodDeclaration(up) || ts.isSourceFile(up)) return narrowed
    if (ts.isFunctionDeclaration(up)) {
      if (within.includes(up)) return narrowed
      const call = firstCallOf(up)
      const code = call === undefined ? '' : keyOf(call, [...within, up])
      return [code, narrowed].filter((part) => part !== '').join(': ')
    }
  }
  return narrowed
}

/** Where a file calls a function of its own. */
function firstCallOf(called) {
  const look = (node) =>
    ts.isCallExpression(node) && node.expression.getText() === called.name?.text ? node : ts.forEachChild(node, look)
  return look(called.getSourceFile())
}

/** What is said, what next, and under which code; null: this node says nothing of the kind. */
function stepAt(node, names) {
  if (ts.isObjectLiteralExpression(node)) {
    const what = propertyValue(propertyOf(node, 'message') ?? propertyOf(node, 'detail'))
    const next = propertyValue(propertyOf(node, 'next'))
    if (what === undefined || next === undefined) return null
    const [said, then] = [wordings(what, names), wordings(next, names)]
    return said === null || then === null ? null : { what: said, next: then, code: codeOf(node, names) }
  }
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    const texts = (node.arguments ?? []).map(
      (argument) => wordings(argument, names) ?? (/\.message$/.test(argument.getText()) ? ['‹message›'] : null),
    )
    // A one-line function may add the rest, or the code.
    const called = ts.isIdentifier(node.expression) ? names.find(node.expression)?.value : undefined
    const added = () =>
      called !== undefined && isOneLine(called)
        ? stepAt(unwrapped(called.body), names.within(called, node.arguments ?? []))
        : null
    const at = texts.findIndex((text, index) => isWhat(text) && isNext(texts[index + 1]))
    if (at >= 0) {
      const code = at === 0 ? '' : added()?.code || (texts[0]?.join(', ') ?? '')
      return { what: texts[at], next: texts[at + 1], code }
    }
    // Within a function that is followed, what is passed on: fail(appError(…)).
    if (names.depth > 0)
      for (const argument of node.arguments ?? []) {
        const passedOn = ts.isCallExpression(argument) ? stepAt(argument, names) : null
        if (passedOn !== null) return passedOn
      }
    return added()
  }
  if (ts.isJsxOpeningElement(node) || ts.isJsxSelfClosingElement(node)) {
    if (node.tagName.getText() !== 'EmptyState') return null
    const named = node.attributes.properties.filter(ts.isJsxAttribute)
    const title = named.find((attribute) => attribute.name.getText() === 'title')?.initializer
    const expression = title !== undefined && ts.isJsxExpression(title) ? title.expression : title
    const what = expression === undefined ? null : wordings(expression, names)
    const text = ts.isJsxOpeningElement(node) ? jsxWordings(node.parent, names) : ['']
    return what === null ? null : { what, next: text, code: 'empty page' }
  }
  return null
}

/** The words inside an element, tags left out. */
function jsxWordings(element, names) {
  let texts = ['']
  for (const child of element.children) {
    const more = ts.isJsxText(child)
      ? [child.text]
      : ts.isJsxElement(child) || ts.isJsxFragment(child)
        ? jsxWordings(child, names)
        : ts.isJsxExpression(child)
          ? child.expression === undefined
            ? ['']
            : (wordings(child.expression, names) ?? [placeholder(child.expression, names)])
          : [placeholder(child, names)]
    texts = texts.flatMap((text) => more.map((words) => text + words))
  }
  return texts.map((text) => text.replace(/\s+/g, ' ').trim())
}

/**
 * What goes to the log, into an exception that is a bug, into the database or to a server is said to nobody. The launch
 * scripts print what they throw.
 */
function isForNobody(node) {
  if (ts.isNewExpression(node))
    return node.expression.getText() === 'RegExp' || (node.expression.getText() === 'Error' && !isLaunchScript(node))
  if (!ts.isCallExpression(node)) return ts.isImportDeclaration(node)
  return /(^|[.#])(log|logger|prepare|exec|drop|RegExp|socket)(\(|\.|$)/i.test(node.expression.getText())
}

const isLaunchScript = (node) => node.getSourceFile().fileName.endsWith('.mjs')

/** Every sentence of a file: `next` is null where none is said beside it. */
export function readSentences(file, exported = new Map(), words = new Map([[file, wordsOfFile(file)]])) {
  const names = new Names({ words, imports: importsOf(file), exported })
  const steps = []
  const alone = []
  const say = (what) => {
    if (what.some(isSentence) && saysSomething(what)) alone.push({ what, next: null, code: '' })
  }
  const walk = (node) => {
    if (isForNobody(node)) return
    const step = stepAt(node, names)
    if (step !== null && saysSomething(step.what)) steps.push(step)
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) say(wordings(node, names))
    // What a connection says of its end, and what a step found: it may be a part of a sentence, so it begins small.
    const found = partOf(node)
    const part = found === undefined ? null : wordings(found, names)
    if (part !== null && saysSomething(part)) alone.push({ what: part.filter(bare), next: null, code: '' })
    if ((ts.isJsxElement(node) || ts.isJsxFragment(node)) && node.children.some(isWordsOfJsx))
      say(jsxWordings(node, names))
    ts.forEachChild(node, walk)
  }
  walk(file)
  const said = steps.flatMap(({ what, next }) => [...what, ...next])
  const isIn = (all, text) => all.some((one) => one !== text && one.includes(text))
  const single = alone.flatMap(({ what }) => what)
  return [
    ...steps,
    // A part of another sentence is said there.
    ...alone.filter(({ what }) => !what.every((text) => said.includes(text) || isIn(said, text) || isIn(single, text))),
  ]
}

/** The words of a failure of the network, of a step of the connection test that needs nothing done, or of a launch script. */
function partOf(node) {
  if (ts.isNewExpression(node) && node.expression.getText() === 'NetworkFailure') return node.arguments?.[1]
  if (ts.isNewExpression(node) && node.expression.getText() === 'Error') return node.arguments?.[0]
  return ts.isCallExpression(node) && /^(okay|skipped|say)$/.test(node.expression.getText())
    ? node.arguments[0]
    : undefined
}

const isWordsOfJsx = (child) => ts.isJsxText(child) && /[a-z]/i.test(child.text)
