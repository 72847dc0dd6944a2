import type { KubeconfigErrorCode, Risk } from '../../../contract/kubeconfigs.ts'
import { FieldReader } from './field-reader.ts'
import {
  type ClusterFields,
  type ContextFields,
  readCluster,
  readContext,
  readUser,
  type UserFields,
} from './kubeconfig-fields.ts'
import { fileRisk } from './risk-words.ts'
import { type Position, readYaml, type YamlDocuments, type YamlMapping, type YamlNode } from './yaml-tree.ts'

/** A named entry of a kubeconfig, with what was found while reading it. */
export type Entry<Fields> = {
  readonly name: string
  readonly fields: Fields
  readonly reader: FieldReader
  readonly offset: number
  readonly document: KubeconfigDocument
}

/** One YAML document of a kubeconfig text: names in it mean what stands in it. */
export type KubeconfigDocument = {
  readonly clusters: Entry<ClusterFields>[]
  readonly users: Entry<UserFields>[]
  readonly contexts: Entry<ContextFields>[]
  readonly currentContext: string | null
  readonly positionOf: (offset: number) => Position
  /** The file it was read from, whose folder relative paths start from; null for a pasted text. */
  readonly path: string | null
}

/** What a text or several files hold, before anything is looked up. */
export type KubeconfigModel = {
  readonly documents: readonly KubeconfigDocument[]
  /** Where names are looked up: in the context's own document first, or (files merged as kubectl does) first of all wins. */
  readonly lookup: 'own-document' | 'first-wins'
  /** Findings about the text as a whole, errors included, in the order of the text. */
  readonly problems: readonly Risk[]
  /** Why nothing in it can be added, as far as the text as a whole tells; null: look at the contexts. */
  readonly error: KubeconfigErrorCode | null
}

const errorOrder: readonly KubeconfigErrorCode[] = [
  'wrapped-in-secret',
  'wrong-kind',
  'wrong-api-version',
  'duplicate-key',
  'wrong-shape',
  'name-not-string',
  'duplicate-name',
]

/**
 * Reads the text of one kubeconfig. Several documents in one text stay apart: each context means the cluster and user of
 * its own document first, so that two pasted files with the same names never mix.
 */
export function readKubeconfig(text: string, path: string | null): KubeconfigModel {
  const yaml = readYaml(text)
  if (!yaml.ok) {
    const { code, message, ...position } = yaml.error
    return failed({ ...fileRisk(code), message, ...position })
  }
  const { documents: roots, duplicateKeys, positionOf } = yaml.value
  const [first] = roots
  if (first === undefined) return failed(fileRisk('empty'))
  if (first.kind !== 'mapping') return failed(fileRisk(isWrapped(first) ? 'base64-wrapped' : 'not-a-mapping'))

  const problems: Risk[] = duplicateKeys.map(({ key, offset }) => fileRisk('duplicate-key', key, positionOf(offset)))
  const documents: KubeconfigDocument[] = []
  for (const root of roots) {
    if (root.kind !== 'mapping') problems.push(fileRisk('not-a-mapping', '', positionOf(root.offset)))
    else {
      const kind = foreignKind(root, positionOf)
      if (kind !== null) problems.push(kind)
      else documents.push(readDocument(root, { positionOf, path, problems }))
    }
  }
  if (roots.length > 1) problems.push(fileRisk('multiple-documents', String(roots.length)))
  problems.push(...repeatedNames(documents))
  const codes = new Set(problems.map((problem) => problem.code))
  return { documents, lookup: 'own-document', problems, error: errorOrder.find((code) => codes.has(code)) ?? null }
}

const failed = (problem: Risk): KubeconfigModel => ({
  documents: [],
  lookup: 'own-document',
  problems: [problem],
  error: problem.code as KubeconfigErrorCode,
})

/** True for a text that is a kubeconfig once base64 is taken off. */
function isWrapped(node: YamlNode): boolean {
  if (node.kind !== 'scalar') return false
  const text = node.text.replaceAll(/\s/g, '')
  if (text.length < 40 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return false
  return /\b(?:apiVersion|clusters|contexts)\b/.test(Buffer.from(text, 'base64').toString('utf8'))
}

/** A finding when the document says that it is something else than a kubeconfig. */
function foreignKind(root: YamlMapping, positionOf: YamlDocuments['positionOf']): Risk | null {
  const kind = root.entries.get('kind')
  const version = root.entries.get('apiVersion')
  if (kind?.kind === 'scalar' && kind.type !== 'null' && kind.text !== '' && kind.text !== 'Config')
    return kind.text === 'Secret'
      ? fileRisk('wrapped-in-secret', '', positionOf(kind.offset))
      : fileRisk('wrong-kind', kind.text, positionOf(kind.offset))
  if (version?.kind === 'scalar' && version.type !== 'null' && version.text !== '' && version.text !== 'v1')
    return fileRisk('wrong-api-version', version.text, positionOf(version.offset))
  return null
}

type Reading = { positionOf: YamlDocuments['positionOf']; path: string | null; problems: Risk[] }

function readDocument(root: YamlMapping, { positionOf, path, problems }: Reading): KubeconfigDocument {
  const reader = new FieldReader(root)
  for (const field of ['apiVersion', 'kind', 'preferences', 'extensions']) reader.node(field)
  const document: KubeconfigDocument = {
    clusters: [],
    users: [],
    contexts: [],
    currentContext: reader.text('current-context'),
    positionOf,
    path,
  }
  const named = (field: string) => readNamed(reader, field)
  for (const { name, offset, item } of named('clusters'))
    document.clusters.push({ name, offset, document, ...readCluster(item.node('cluster') ?? undefined) })
  for (const { name, offset, item } of named('users'))
    document.users.push({ name, offset, document, ...readUser(item.node('user') ?? undefined) })
  for (const { name, offset, item } of named('contexts'))
    document.contexts.push({ name, offset, document, ...readContext(item.node('context') ?? undefined) })

  for (const { field, offset } of reader.wrongShape) problems.push(fileRisk('wrong-shape', field, positionOf(offset)))
  const inner = [...document.clusters, ...document.users, ...document.contexts].map((entry) => entry.reader)
  for (const { field, offset } of [reader, ...inner].flatMap((each) => each.notText))
    problems.push(fileRisk('name-not-string', field, positionOf(offset)))
  for (const { field, offset } of [reader, ...inner].flatMap((each) => each.unknown()))
    problems.push(fileRisk('unknown-field', field, positionOf(offset)))
  return document
}

function readNamed(reader: FieldReader, field: string): { name: string; offset: number; item: FieldReader }[] {
  return reader.items(field).map((node) => {
    const item = new FieldReader(node, `${field}.`)
    const name = item.text('name') ?? ''
    reader.join(item)
    return { name, offset: node.offset, item }
  })
}

/** Names that two entries of one kind share: nobody can say which one a context means. */
function repeatedNames(documents: readonly KubeconfigDocument[]): Risk[] {
  const problems: Risk[] = []
  const look = (what: string, entries: readonly { name: string; offset: number; document: KubeconfigDocument }[]) => {
    const seen = new Set<string>()
    for (const { name, offset, document } of entries) {
      if (name !== '' && seen.has(name))
        problems.push(fileRisk('duplicate-name', `Two ${what} are called "${name}"`, document.positionOf(offset)))
      seen.add(name)
    }
  }
  for (const document of documents) {
    look('clusters', document.clusters)
    look('users', document.users)
  }
  look(
    'contexts',
    documents.flatMap((document) => document.contexts),
  )
  return problems
}
