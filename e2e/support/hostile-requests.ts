import fc from 'fast-check'
import { z } from 'zod'
import { pathParameters } from '../../contract/operation.ts'
import { type OperationName, operationNames, operations } from '../../contract/operations.ts'
import {
  brokenKubeconfigs,
  changedKubeconfigs,
  everyKindText,
  strangeValues,
} from '../../electron/core/kubeconfig/hostile-kubeconfigs.testing.ts'

type Schema = {
  type?: string
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  format?: string
  minimum?: number
  maximum?: number
  maxLength?: number
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
}

/** One request as it goes over the wire. */
export type HostileRequest = {
  readonly operation: OperationName
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Buffer | null
}

/** Ids of things that are there, by the word that stands before them in a path. */
export type KnownIds = { readonly clusters: string; readonly forwards: string }

const oneOfThem = (schemas: readonly Schema[], name: string, ids: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(...schemas.map((each) => valueOf(each, name, ids)))

/** Values of a schema; now and then one that does not belong there. */
function valueOf(schema: Schema, name: string, ids: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: rightValueOf(schema, name, ids) },
    { weight: 1, arbitrary: fc.constantFrom(...strangeValues) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  )
}

function rightValueOf(schema: Schema, name: string, ids: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return oneOfThem(choices, name, ids)
  switch (schema.type) {
    case 'string':
      return textOf(schema, name, ids)
    case 'integer':
    case 'number':
      return fc.integer({ min: Math.max(schema.minimum ?? 0, -1e9), max: Math.min(schema.maximum ?? 1e9, 1e9) })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valueOf(schema.items ?? {}, name, ids), { maxLength: 3 })
    case 'object':
      return objectOf(schema, ids)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

/** Every server, proxy and issuer with a name or a number leads to a port of this machine that refuses at once. */
function leadingNowhere(bytes: Buffer): Buffer {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'latin1'
  const address = /(https?|socks5h?):\/\/([^\s"'@/]*@)?[\w-]+(\.[\w-]+)+(:\d+)?/g
  return Buffer.from(bytes.toString(encoding).replaceAll(address, '$1://$2127.0.0.1:9'), encoding)
}

/** Kubeconfigs changed where it hurts, whose clusters can be tested without asking anybody on the network. */
export const testableKubeconfigs: fc.Arbitrary<Buffer> = fc
  .oneof(brokenKubeconfigs, changedKubeconfigs)
  .map(({ bytes }) => leadingNowhere(bytes))

function textOf(schema: Schema, name: string, ids: readonly string[]): fc.Arbitrary<string> {
  if (schema.format === 'uuid') return fc.oneof(fc.constantFrom(...ids), fc.uuid())
  if (name === 'text')
    return fc.oneof(
      testableKubeconfigs.map((bytes) => bytes.toString('utf8')),
      fc.constantFrom(everyKindText, everyKindText.slice(0, 700), '', 'a: ['),
    )
  if (name === 'base64')
    return fc.oneof(
      testableKubeconfigs.map((bytes) => bytes.toString('base64')),
      fc.constantFrom(Buffer.from(everyKindText).toString('base64'), '', 'AAAA'),
    )
  if (name === 'context') return fc.constantFrom('token', 'basic', 'command', 'writing', 'nobody')
  if (name === 'bind') return fc.constantFrom('127.0.0.1', '127.0.0.2', '::1', '10.1.2.3')
  const fitting = fc.constantFrom('web', 'default', 'get-credentials', 'a=b', 'a in (b, c', 'Ann', '/nowhere/kubectl')
  return fc.oneof(fitting, fc.string({ maxLength: Math.min(schema.maxLength ?? 30, 30), unit: 'binary' }))
}

function objectOf(schema: Schema, ids: readonly string[]): fc.Arbitrary<unknown> {
  const { properties, additionalProperties } = schema
  if (properties === undefined) {
    const inner = typeof additionalProperties === 'object' ? additionalProperties : {}
    return fc.dictionary(fc.string({ maxLength: 20 }), valueOf(inner, '', ids), { maxKeys: 3 })
  }
  const fields = Object.entries(properties).map(([name, field]) => [name, valueOf(field, name, ids)] as const)
  const record = fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
  const strangeFields = fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'x'), fc.constant({ x: 1 }))
  return fc.oneof(
    { weight: 9, arbitrary: record },
    {
      weight: 1,
      arbitrary: fc.tuple(record, strangeFields).map(([right, more]) => ({ ...right, ...more })),
    },
  )
}

/** The part of an address for a value, whatever it is. */
function segment(value: unknown): string {
  try {
    return encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value ?? null)).slice(0, 4000)
  } catch {
    return '%ED%A0%80'
  }
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 24, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })

const wire = fc.record({
  method: rarely(fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'QUERY')),
  type: rarely(fc.constantFrom('text/plain', 'application/json; charset=utf-7', 'multipart/form-data', '')),
  cut: rarely(fc.nat(500)),
  flip: rarely(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 255 }))),
  tail: rarely(fc.constantFrom('/', '/..', '?', '?__proto__=1', '?id=1&id=2', '#x', '%00', '%2e%2e%2f', '//', ';a')),
})

/** A request to an operation: mostly of its shape, with wrong values, wrong bytes and wrong ways of asking mixed in. */
export function hostileRequests(known: KnownIds): fc.Arbitrary<HostileRequest> {
  const ids = [known.clusters, known.forwards]
  const inputs = new Map(
    operationNames.map((name) => {
      const schema = z.toJSONSchema(operations[name].input, { io: 'input', unrepresentable: 'any' }) as Schema
      return [name, rightValueOf(schema, name, operations[name].path.startsWith('/forwards') ? ids.toReversed() : ids)]
    }),
  )
  return fc
    .constantFrom(...operationNames)
    .chain((operation) => fc.tuple(fc.constant(operation), inputs.get(operation) ?? fc.constant({}), wire))
    .map(([operation, input, how]) => asRequest(operation, input as Record<string, unknown>, how))
}

function asRequest(
  operation: OperationName,
  input: Record<string, unknown>,
  how: typeof wire extends fc.Arbitrary<infer T> ? T : never,
): HostileRequest {
  const { method, path } = operations[operation]
  const inPath = pathParameters(path)
  const filled = inPath.reduce((text, name) => text.replace(`{${name}}`, () => segment(input[name])), path)
  const rest = Object.entries(input).filter(([name]) => !inPath.includes(name))
  const asQuery = method === 'GET' || method === 'DELETE'
  const query = rest.map(([name, value]) => `${segment(name)}=${segment(value)}`).join('&')
  let body: string | Buffer | null = asQuery ? null : JSON.stringify(Object.fromEntries(rest))
  if (body !== null && how.cut !== null) body = body.slice(0, how.cut)
  if (body !== null && how.flip !== null && body.length > 0) {
    const bytes = Buffer.from(body)
    const [at, mask] = how.flip
    const place = at % bytes.length
    bytes[place] = (bytes[place] ?? 0) ^ mask
    body = bytes
  }
  return {
    operation,
    method: how.method ?? method,
    path: `/api/v1${filled}${asQuery && query !== '' ? `?${query}` : ''}${how.tail ?? ''}`,
    headers: body === null ? {} : { 'content-type': how.type ?? 'application/json' },
    body,
  }
}
