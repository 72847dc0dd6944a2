import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readSources } from './messages.mjs'
import { root } from './node.mjs'
import { readSentences } from './sentences.mjs'

const fileOf = (text: string): ts.SourceFile => ts.createSourceFile('sample.tsx', text, ts.ScriptTarget.Latest, true)
type Sentence = { what: string[]; next: string[] | null; code: string }
const read = (text: string) => readSentences(fileOf(text)) as Sentence[]

describe('the sentences of a source', () => {
  it('are read out of the functions that make them', () => {
    const found = read(`
      const again = 'It is tried again.'
      const withFacts = (text: string, facts: string | null) => (facts === null ? \`\${text}.\` : \`\${text}: \${facts}.\`)
      const bad = (message: string) => failure('rejected', message, again)
      export const a = bad('The token is empty.')
      export const b = { message: withFacts('It cannot be trusted', way.facts), next: \`Check the clock. \${again}\` }
    `)
    expect(found).toEqual([
      { what: ['The token is empty.'], next: ['It is tried again.'], code: 'rejected' },
      {
        what: ['It cannot be trusted.', 'It cannot be trusted: ‹facts›.'],
        next: ['Check the clock. It is tried again.'],
        code: '',
      },
    ])
  })

  it('show once, in brackets, what is said only sometimes, and a value where only one side is words', () => {
    const [found] = read(`
      const code = error instanceof SqliteError ? error.code : ''
      fail('unsafe', \`The lock \${path} cannot be used (\${code === '' ? String(error) : code})\${why === null ? '' : \`: \${why}\`}.\`, 'Remove it.')
    `)
    expect(found?.what.join()).toContain('The lock ‹path› cannot be used (‹error›)[: ‹why›].')
    expect(found?.what.join()).not.toContain('()')
  })

  it('hold the words of a failure that is caught, beside what to do then', () => {
    const found = read(`
      function ask(host: string) {
        throw new NetworkFailure('refused', \`\${host} refused the connection\`)
      }
      const late = (words: string) => new NetworkFailure('timeout', words)
      function step() {
        try {
          ask(host)
        } catch (error) {
          const failure = error ?? late('it did not answer in time')
          return failed('cluster-unreachable', failure.message, 'Check the port.')
        }
      }
    `)
    expect(found).toContainEqual({
      what: ['‹host› refused the connection', 'it did not answer in time'],
      next: ['Check the port.'],
      code: 'cluster-unreachable',
    })
  })

  it('are shown once where they differ in parts only, and never with nothing in a gap', () => {
    const found = read(`
      const why = { a: 'it is late', b: 'it is lost', c: 'it is full' }
      const what = link ? 'is a link' : open ? 'is open to all' : null
      fail('a', \`The \${one ? 'pod' : 'service'} cannot answer: \${why[code]}.\`, 'Wait a moment.')
      fail('b', \`\${path} \${what}.\`, 'Remove it.')
      fail('c', \`Write a number up to \${most ?? ''}.\`, 'Write it again.')
    `)
    expect(found.map(({ what }) => what)).toEqual([
      ['The {pod / service} cannot answer: {it is late / it is lost / it is full}.'],
      ['‹path› is a link.', '‹path› is open to all.'],
      ['Write a number up to ‹most›.'],
    ])
  })

  it('are found without a closing mark too, where words enough stand side by side', () => {
    const found = read(`
      const title = 'The vault is locked'
      const part = 'it printed neither a token nor a certificate'
      const name = 'Credentials'
      const styles = 'row wide'
    `)
    expect(found.map(({ what }) => what)).toEqual([
      ['The vault is locked'],
      ['it printed neither a token nor a certificate'],
    ])
  })

  it('are those that a launch script prints or throws', () => {
    const text = "say(`opening ${browser}`)\nthrow new Error('npm failed. ' + 'Try again.')"
    const script = ts.createSourceFile('start.mjs', text, ts.ScriptTarget.Latest, true)
    const found = readSentences(script) as Sentence[]
    expect(found.map(({ what }) => what)).toEqual([['npm failed. Try again.'], ['opening ‹browser›']].toReversed())
  })

  it('stand under the code of who calls for them, narrowed by their own case', () => {
    const found = read(`
      const bad = (detail, message, next) => failure('command-failed', detail, message, next)
      const words = { 'no-pod': (detail) => noPod(detail) }
      function noPod(detail) {
        switch (detail) {
          case 'gone':
            return { message: 'The pods are gone.', next: 'Scale it up.' }
          default:
            return { message: 'No pod is ready.', next: 'Wait a moment.' }
        }
      }
      bad('timeout', 'The command did not end.', 'Run it in a terminal.')
    `)
    expect(found.map(({ code }) => code)).toEqual(['no-pod: gone', 'no-pod', 'command-failed'])
  })

  it('are those of pages too, and not those of the log', () => {
    const found = read(`
      log.warn('This goes to the log alone.')
      throw new Error('This is a bug in here.')
      const page = <p>The vault of <b>{name}</b> is locked.</p>
    `)
    expect(found.map(({ what }) => what)).toEqual([['The vault of ‹name› is locked.']])
  })
})

const isForNobody = (node: ts.Node): boolean =>
  ts.isImportDeclaration(node) ||
  (ts.isNewExpression(node) &&
    node.expression.getText() === 'Error' &&
    !/\.mjs$/.test(node.getSourceFile().fileName)) ||
  (ts.isCallExpression(node) && /(log|prepare|exec|drop|socket)\b[^(]*$/i.test(node.expression.getText()))

const plain = (text: string): string =>
  text
    .replaceAll(/[|<\\]|&lt;/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Words side by side that have no closing mark: a title, or a part of a sentence, which another one may begin with. */
const isUnclosed = (text: string): boolean => /^[A-Za-z][a-z']*[,;]?( [a-z']+[,;]?){3,}$/.test(text)
const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** The pieces of texts that end a sentence, and whole texts that do not, found without the generator. */
function piecesOf(file: ts.SourceFile): string[] {
  const found: string[] = []
  const unclosed: string[] = []
  const walk = (node: ts.Node): void => {
    if (isForNobody(node)) return
    const isPiece = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
    if (isPiece || ts.isJsxText(node)) found.push(plain(node.text))
    if (ts.isStringLiteralLike(node) && isUnclosed(plain(node.text))) unclosed.push(plain(node.text))
    ts.forEachChild(node, walk)
  }
  walk(file)
  return [...found.filter((text) => /[a-z]+ [a-z]+ ?\S*[.?!]($|\s)/i.test(text)), ...unclosed]
}

const sources = readSources()

const missingFrom = (page: string, file: ts.SourceFile): string[] => {
  const said = plain(page)
  return piecesOf(file).filter(
    (piece) => !said.includes(piece) && !(isUnclosed(piece) && said.includes(capital(piece))),
  )
}

describe('docs/messages.md', () => {
  const page = readFileSync(join(root, 'docs', 'messages.md'), 'utf8')

  it('holds every sentence of the sources', () => {
    const missing = sources.flatMap(({ name, file }) => missingFrom(page, file).map((text) => `${name}: ${text}`))
    expect(missing).toEqual([])
  })

  it('lacks nothing that it is not blamed for', () => {
    const added = fileOf(
      "export const a = fail('x', `Nobody has listed ${name} here. Say so.`, 'Write it down for once.')",
    )
    expect(missingFrom(page, added)).toEqual(['here. Say so.', 'Write it down for once.'])
    const words = sources.find(({ name }) => name.endsWith('forwards/cause-words.ts'))!
    expect(missingFrom(page.replaceAll('Nothing to do', ''), words.file)).toContain(
      'Nothing to do: it goes on by itself.',
    )
  })

  it('has no row whose words were lost', () => {
    const lostIn = /\(\)|‹Math›|^\| The ‹\w+›\.|‹undefined›|‹null›|\[\]| \.(\s|<br>|$)/
    // Beside a next step only what it is filled in with, and what is said sometimes.
    const empty = /^\| (?!-)([^\p{L}|[]|‹[^›]*›|\[[^\]]*\]|<br>)+ \|[^|]*\|[^|]*\|[^|]*\|$/u
    const lost = page.split('\n').filter((line) => lostIn.test(line) || empty.test(line))
    expect(lost.map((line) => line.replaceAll(/ +/g, ' '))).toEqual([])
  })
})
