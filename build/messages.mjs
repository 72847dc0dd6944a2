// Writes docs/messages.md: every sentence that Mooring says, read from the sources, so that they can be read aloud side
// by side; where one says what to do next, beside it. `--check` only compares.
// Usage: node build/messages.mjs [--check]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { sentence } from '../electron/core/sentence.ts'
import { root, say } from './node.mjs'
import { readSentences } from './sentences.mjs'
import { isExported, wordsOfFile } from './wordings.mjs'

const page = join(root, 'docs', 'messages.md')
// What no person reads as a sentence: summaries of the API's own description, the syntax of selectors, commands.
const unread = /^(contract\/(openapi|operations\/.*)|sidecar\/label-selector|electron\/.*\/kubectl-places)\.ts$/
const folders = ['contract', 'network', 'electron', 'sidecar', 'renderer/src']
/** Of the build, these speak to who starts Mooring. */
const launchScripts = ['build/electron-runtime.mjs', 'build/node.mjs', 'build/prepare.mjs', 'build/start.mjs']

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
  ['Start and command line', /^(electron\/(cli\/|[^/]+$)|build\/)/],
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

/**
 * The sources that speak to people, by name, parsed.
 * @returns {{ name: string, file: ts.SourceFile }[]}
 */
export function readSources() {
  const paths = folders.flatMap((folder) => [...sources(join(root, folder))].sort())
  return [...paths, ...launchScripts.map((name) => join(root, name))]
    .map((path) => ({ path, name: relative(root, path).split(sep).join('/') }))
    .filter(({ name }) => !unread.test(name))
    .map(({ path, name }) => ({
      name,
      file: ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true),
    }))
}

const cell = (texts) =>
  texts
    .map((text) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replace(/\s+/g, ' ').trim())
    .filter((text, index, all) => text !== '' && all.indexOf(text) === index)
    .join('<br>')

const table = (head, lines) => [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...new Set(lines)]

/** The page as it should be; its tables are not padded, which would make it six times as large. */
function messagesPage() {
  const files = readSources()
  const words = new Map(files.map(({ file }) => [file, wordsOfFile(file)]))
  const exported = new Map([...words.values()].flat().filter(([, one]) => isExported(one)))
  const found = files.flatMap(({ name, file }) => {
    const [chapter] = chapters.find(([, place]) => place.test(name)) ?? ['']
    // The steps of the connection test are shown as sentences, however they are found.
    const shown = /\/(connection-ladder|ladder-[^/]*)\.ts$/.test(name) ? sentence : (text) => text
    return readSentences(file, exported, words).map(({ what, ...rest }) => ({
      ...rest,
      what: what.map(shown),
      name,
      chapter,
    }))
  })
  const parts = chapters.flatMap(([title]) => {
    const here = found.filter(({ chapter }) => chapter === title)
    const steps = here.filter(({ next }) => next !== null)
    const alone = here.filter(({ next }) => next === null)
    return [
      '',
      `## ${title}`,
      ...(steps.length === 0 ? [] : ['']),
      ...(steps.length === 0
        ? []
        : table(
            ['what, and why', 'what next', 'code', 'where'],
            steps.map(
              ({ what, next, code, name }) =>
                `| ${cell(what)} | ${cell(next)} | ${code === '' ? '' : `\`${code}\``} | \`${name}\` |`,
            ),
          )),
      ...(alone.length === 0 ? [] : ['', 'Said without a next step:', '']),
      ...(alone.length === 0
        ? []
        : table(
            ['said', 'where'],
            alone.map(({ what, name }) => `| ${cell(what)} | \`${name}\` |`),
          )),
    ]
  })
  return [
    '# Messages',
    '',
    'Every sentence that Mooring says, as it stands in the sources: what is wrong and what to do next side by side, and what',
    'is said without a next step below. `‹name›` is filled in when it is said; `[…]` is said only where there is something',
    'to say; of `{… / …}` one is said. What goes to the log alone, to a server, or to a programmer is left out. Written by',
    '`node build/messages.mjs`; `npm run check` proves that it is up to date, `build/messages.spec.ts` that nothing is missing.',
    ...parts,
    '',
  ].join('\n')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const wanted = messagesPage()
  if (!process.argv.includes('--check')) writeFileSync(page, wanted)
  else if (readFileSync(page, 'utf8') !== wanted) {
    say('docs/messages.md is not what the sources say. Run: node build/messages.mjs')
    process.exitCode = 1
  }
}
