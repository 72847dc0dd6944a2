import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { parseAllDocuments, stringify } from 'yaml'
import { fixtureBytes, kubeconfigFixtures } from './kubeconfig-fixtures.testing.ts'
import { sampleCertificate, sampleKubeconfig } from './kubeconfig.testing.ts'

/** Secrets in the fields of {@link everyKind} that hold secrets; nothing may show them. */
export const plantedSecrets = {
  token: 'c4n4ry-token-1',
  password: 'c4n4ry-password-2',
  environment: 'c4n4ry-environment-3',
  refreshToken: 'c4n4ry-refresh-token-4',
  clientSecret: 'c4n4ry-client-secret-5',
  proxyPassword: 'c4n4ry-proxy-password-6',
  serverPassword: 'c4n4ry-server-password-7',
  key: Buffer.from('c4n4ry-private-key-8').toString('base64'),
  issuerPassword: 'c4n4ry-issuer-password-9',
} as const

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** What hostile texts would write if a shell read them or their command ran, in this process's specs alone. */
export const writtenByHostiles = join(tmpdir(), `mooring-written-by-hostiles-${process.pid}`)

/** A kubeconfig with every way to sign in that there is, and a secret in each. */
const everyKind = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'token',
  preferences: { colors: true },
  clusters: [
    {
      name: 'secure',
      cluster: {
        server: 'https://10.0.0.1:6443',
        'certificate-authority-data': base64(sampleCertificate),
        'tls-server-name': 'api.example.test',
        'proxy-url': `http://ann:${plantedSecrets.proxyPassword}@proxy.example.test:3128`,
        extensions: [{ name: 'x', extension: { last: 'update' } }],
      },
    },
    {
      name: 'open',
      cluster: {
        server: `http://ann:${plantedSecrets.serverPassword}@10.0.0.2:8080/path`,
        'insecure-skip-tls-verify': true,
        'certificate-authority': '/etc/ssl/ca.pem',
        'disable-compression': true,
      },
    },
  ],
  contexts: ['token', 'basic', 'certificate', 'files', 'command', 'provider', 'writing'].map((name, index) => ({
    name,
    context: { cluster: index % 2 === 0 ? 'secure' : 'open', user: name, namespace: 'team' },
  })),
  users: [
    { name: 'token', user: { token: plantedSecrets.token, as: 'root', 'as-groups': ['system:masters'] } },
    { name: 'basic', user: { username: 'ann', password: plantedSecrets.password } },
    {
      name: 'certificate',
      user: { 'client-certificate-data': base64(sampleCertificate), 'client-key-data': plantedSecrets.key },
    },
    { name: 'files', user: { 'client-certificate': 'client.crt', 'client-key': '../client.key', tokenFile: '/run/t' } },
    {
      name: 'command',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: 'get-credentials',
          args: ['--region', 'eu'],
          env: [{ name: 'SECRET', value: plantedSecrets.environment }],
          interactiveMode: 'Never',
          provideClusterInfo: true,
          installHint: 'get it somewhere',
        },
      },
    },
    {
      name: 'provider',
      user: {
        'auth-provider': {
          name: 'oidc',
          config: {
            'idp-issuer-url': `https://ann:${plantedSecrets.issuerPassword}@issuer.example.test`,
            'client-id': 'mooring',
            'client-secret': plantedSecrets.clientSecret,
            'refresh-token': plantedSecrets.refreshToken,
          },
        },
      },
    },
    {
      name: 'writing',
      user: {
        exec: {
          apiVersion: 'client.authentication.k8s.io/v1',
          command: '/usr/bin/touch',
          args: [writtenByHostiles],
          interactiveMode: 'Never',
        },
      },
    },
  ],
}

/** The kubeconfig that holds {@link plantedSecrets}. */
export const everyKindText = stringify(everyKind)

/** Values that a program may stumble over wherever they stand. */
export const strangeValues: readonly unknown[] = [
  null,
  true,
  '',
  ' ',
  0,
  -1,
  1e309,
  '1e3',
  'no',
  '~',
  '__proto__',
  'constructor',
  'x'.repeat(70_000),
  ':'.repeat(70_000),
  'a\u0000b',
  '\uD800',
  '\u202Egnp.exe',
  '😀',
  '../../../../etc/passwd',
  '/dev/zero',
  '/proc/self/mem',
  '\\\\server\\share\\file',
  './plugin',
  `plugin; touch ${writtenByHostiles}`,
  `$(touch ${writtenByHostiles})`,
  'https://',
  'https://[::1',
  'https://a:99999',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'socks5://x',
  'http://0.0.0.0:0/?#@',
  '=',
  'AAA',
  [],
  {},
  [[]],
  [null],
  { name: null },
  { __proto__: null, constructor: { prototype: 1 } },
]

type Tree = Record<string, unknown> | unknown[]
type Place = { parent: Tree; key: string }

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null

function placesIn(tree: unknown): Place[] {
  if (!isTree(tree)) return []
  return Object.entries(tree).flatMap(([key, value]) => [{ parent: tree, key }, ...placesIn(value)])
}

const valueAt = ({ parent, key }: Place): unknown => (parent as Record<string, unknown>)[key]
const setAt = ({ parent, key }: Place, value: unknown): void => {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true })
}

const places = fc.nat(10_000)
/** A change of the tree. `moves`: it may carry a value to another field. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('replace' as const), at: places, value: fc.constantFrom(...strangeValues) }),
  fc.record({ kind: fc.constant('remove' as const), at: places }),
  fc.record({
    kind: fc.constant('rename' as const),
    at: places,
    name: fc.constantFrom('x', '', '__proto__', '<<', ' '),
  }),
  fc.record({ kind: fc.constant('wrap' as const), at: places, list: fc.boolean() }),
  fc.record({ kind: fc.constant('repeat' as const), at: places, times: fc.integer({ min: 2, max: 50 }) }),
  fc.record({ kind: fc.constant('copy' as const), at: places, from: places }),
)
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function applyChange(tree: unknown, one: Change): void {
  const all = placesIn(tree)
  const place = all[one.at % Math.max(1, all.length)]
  if (place === undefined) return
  const { parent, key } = place
  if (one.kind === 'replace') setAt(place, structuredClone(one.value))
  else if (one.kind === 'remove') {
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else Reflect.deleteProperty(parent, key)
  } else if (one.kind === 'rename') {
    const value = valueAt(place)
    if (Array.isArray(parent)) return
    Reflect.deleteProperty(parent, key)
    setAt({ parent, key: one.name }, value)
  } else if (one.kind === 'wrap') setAt(place, one.list ? [valueAt(place)] : { x: valueAt(place) })
  else if (one.kind === 'repeat') {
    if (Array.isArray(parent)) parent.push(...Array.from({ length: one.times }, () => structuredClone(valueAt(place))))
  } else setAt(place, structuredClone(valueAt(all[one.from % all.length] ?? place)))
}

const writing = fc.constantFrom('yaml', 'json', 'flow', 'crlf', 'utf16', 'twice')

function write(tree: unknown, how: string): Buffer {
  const text =
    how === 'json' ? JSON.stringify(tree) : stringify(tree, how === 'flow' ? { collectionStyle: 'flow' } : {})
  if (how === 'crlf') return Buffer.from(text.replaceAll('\n', '\r\n'))
  if (how === 'utf16') return Buffer.from(`\uFEFF${text}`, 'utf16le')
  return Buffer.from(how === 'twice' ? `${text}\n---\n${text}` : text)
}

/** A hostile text; a failing one is told by how it was made, not by its thousands of bytes. */
export type HostileKubeconfig = { readonly bytes: Buffer } & fc.WithToStringMethod

const hostile = (bytes: Buffer, recipe: unknown): HostileKubeconfig => ({
  bytes,
  [fc.toStringMethod]: () => fc.stringify(recipe).slice(0, 2000),
})

/** Kubeconfigs changed where it hurts, that keep each secret of {@link plantedSecrets} in its own field. */
export const changedKubeconfigs: fc.Arbitrary<HostileKubeconfig> = fc
  .record({
    changes: fc.array(
      change.filter(({ kind }) => kind !== 'copy'),
      { minLength: 1, maxLength: 6 },
    ),
    how: writing,
  })
  .map((recipe) => {
    const tree = structuredClone(everyKind)
    for (const one of recipe.changes) applyChange(tree, one)
    return hostile(write(tree, recipe.how), recipe)
  })

const byteChange = fc.record({
  at: fc.nat(1_000_000),
  kind: fc.constantFrom('flip', 'cut', 'insert', 'double'),
  length: fc.integer({ min: 1, max: 60 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        '\t',
        '\n',
        ': ',
        '- ',
        '*a',
        '&a ',
        '<<: *a\n',
        '---\n',
        '...\n',
        '{',
        '[',
        '"',
        "'",
        '|\n',
        '>-\n',
      )
      .map((text) => Buffer.from(text)),
    fc
      .constantFrom('!!binary ', '!<x> ', '%YAML 9.9\n', '\u0000', '\uFEFF', '?', '#', '\u2028')
      .map((text) => Buffer.from(text)),
  ),
})
type ByteChange = typeof byteChange extends fc.Arbitrary<infer T> ? T : never

function applyBytes(input: Buffer, { at, kind, length, bytes }: ByteChange): Buffer {
  const place = at % Math.max(1, input.length)
  const [before, after] = [input.subarray(0, place), input.subarray(place)]
  if (kind === 'cut') return Buffer.concat([before, after.subarray(length)])
  if (kind === 'insert') return Buffer.concat([before, bytes, after])
  if (kind === 'double') return Buffer.concat([before, after.subarray(0, length * 20), after])
  const flipped = Buffer.from(input)
  if (flipped.length > 0) flipped[place] = (flipped[place] ?? 0) ^ (bytes[0] ?? 1)
  return flipped
}

/** A secret that a change carries into a name may be shown there; what is carried about is none of the planted ones. */
const withoutSecrets = (text: string): Buffer =>
  Buffer.from(text.replaceAll('c4n4ry', 'harmless').replaceAll(plantedSecrets.key, base64('harmless-private-key')))

const bases: readonly Buffer[] = [
  withoutSecrets(everyKindText),
  withoutSecrets(JSON.stringify(everyKind)),
  Buffer.from(sampleKubeconfig({ contexts: 4 })),
  ...(kubeconfigFixtures() ?? []).map(({ file }) => fixtureBytes(file)),
]

/** The tree of a text, for changing; null where it has none. */
function treeOf(bytes: Buffer): unknown {
  try {
    return parseAllDocuments(bytes.toString('utf8'), { logLevel: 'silent' })[0]?.toJS({ maxAliasCount: 10 }) as unknown
  } catch {
    return null
  }
}

/** Kubeconfigs of every kind with changes of their structure and of their bytes; none of {@link plantedSecrets} in them. */
export const brokenKubeconfigs: fc.Arbitrary<HostileKubeconfig> = fc
  .record({
    base: fc.nat(bases.length - 1),
    changes: fc.array(change, { maxLength: 4 }),
    how: writing,
    bytes: fc.array(byteChange, { maxLength: 5 }),
  })
  .map((recipe) => {
    const base = bases[recipe.base] ?? Buffer.alloc(0)
    const tree = recipe.changes.length === 0 ? null : treeOf(base)
    for (const one of recipe.changes) applyChange(tree, one)
    return hostile(recipe.bytes.reduce(applyBytes, isTree(tree) ? write(tree, recipe.how) : base), recipe)
  })

/** Texts of so many bytes that cost a reader the most, by what they are made of. */
export function floods(size: number): readonly (readonly [string, string])[] {
  const fill = (unit: string, head = '', tail = ''): string =>
    head + unit.repeat(Math.max(1, Math.floor((size - head.length - tail.length) / unit.length))) + tail
  const units = [
    '\n',
    ' ',
    '[',
    '- ',
    '-\n',
    '? ',
    ': ',
    '---\n',
    '...\n',
    '! ',
    '&a ',
    '*a ',
    '%\n',
    '#\n',
    '"',
    '\u0000',
  ]
  const context = 'contexts: [{name: a, context: {cluster: a, user: a}}]\n'
  return [
    ...units.map((unit) => [JSON.stringify(unit), fill(unit)] as const),
    ['newlines before a tab', fill('\n', '', '\t[')],
    ['wrong escapes', fill('\\q', 'a: "', '"')],
    ['a quoted text of many lines', fill('x\n', 'a: "', '"')],
    ['commas in a list', fill(',', '[')],
    ['closing brackets', fill(']')],
    ['a list', fill('a,', '[', ']')],
    ['the same key', fill('a: 1\n')],
    ['merges', fill('  <<: *a\n', 'a: &a {x: 1}\nb:\n')],
    ['anchors and aliases', fill('- &a x\n- *a\n')],
    ['contexts of one name', fill('- {name: a, context: {cluster: a, user: b}}\n', 'contexts:\n')],
    ['documents', fill(`${context}clusters: [{name: a, cluster: {server: "https://x"}}]\nusers: []\n---\n`)],
    ['colons as an address', fill(':', `${context}clusters: [{name: a, cluster: {server: "`, '"}}]\n')],
    ['at signs as an address', fill('a:@', `${context}clusters: [{name: a, cluster: {server: "http://`, '"}}]\n')],
    [
      'a proxy',
      fill('a:/', `${context}clusters: [{name: a, cluster: {server: "https://x", proxy-url: "http://`, '"}}]\n'),
    ],
    [
      'arguments',
      fill(
        'a,',
        `${context}users: [{name: a, user: {exec: {command: x, args: [`,
        ']}}}]\nclusters: [{name: a, cluster: {server: "https://x"}}]',
      ),
    ],
    [
      'certificates',
      `${context}users: []\nclusters: [{name: a, cluster: {server: "https://x", certificate-authority-data: ${base64(fill('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n').slice(0, (size * 3) / 4 - 300))}}}]`,
    ],
  ]
}
