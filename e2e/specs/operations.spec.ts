import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpRequest } from '../../contract/http-transport.ts'
import { operationNames, operations, type OperationName } from '../../contract/operations.ts'
import { validInputsAround, vaultPassphrase } from '../../contract/valid-inputs.testing.ts'
import { everyKindText, plantedSecrets } from '../../electron/core/kubeconfig/hostile-kubeconfigs.testing.ts'
import { startHost, type RunningHost } from '../support/host.ts'

/** From an input that is right, one thing is changed at a time: what is refused is refused for that. */
let host: RunningHost
let home: string

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mooring-operations-'))
  // Nothing of this checkout in what it finds around itself.
  host = await startHost({ environment: { HOME: home, PATH: '/usr/bin:/bin' } })
})
afterAll(async () => {
  await host.close()
  await rm(home, { recursive: true })
})

const validInputs = validInputsAround({ text: everyKindText, base64: Buffer.from(everyKindText).toString('base64') })

type Input = Record<string, unknown>
type Answer = { status: number; code: string | null; text: string }

async function send(
  name: OperationName,
  input: Input,
  { token = host.token, padTo = 0 }: { token?: string | null; padTo?: number } = {},
): Promise<Answer> {
  const { method, path, body } = httpRequest(name, input)
  const response = await fetch(host.url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    // Spaces after the value belong to JSON: nothing else of the body changes.
    ...(body === null ? {} : { body: body.padEnd(padTo) }),
  })
  const text = await response.text()
  const code = response.ok ? null : (JSON.parse(text) as { error: { code: string } }).error.code
  return { status: response.status, code, text }
}

const wrongToken = 'w'.repeat(43)
const secrets = (): string[] => [...Object.values(plantedSecrets), vaultPassphrase, host.token, wrongToken]

function saysNothingOfTheInside(answer: Answer): void {
  expect(answer.text).not.toMatch(/\bat .*\.(m?js|ts):\d+/)
  expect(answer.text).not.toContain('node_modules')
  expect(answer.code).not.toBe('internal')
  for (const secret of secrets()) expect(answer.text).not.toContain(secret)
}
function isRefusedAs(answer: Answer, status: number, code: string, what = ''): void {
  expect(answer, what).toMatchObject({ status, code })
  saysNothingOfTheInside(answer)
}

const hasBody = (name: OperationName): boolean => !['GET', 'DELETE'].includes(operations[name].method)
const inputsOf = (name: OperationName): readonly Input[] => validInputs[name]
const fieldsOf = (name: OperationName): string[] =>
  Object.keys((operations[name].input as unknown as { shape: object }).shape)
const isInPath = (name: OperationName, field: string): boolean => operations[name].path.includes(`{${field}}`)
/** A value that no field takes; in a path or query everything is text. */
const wrongValue = (name: OperationName, field: string): unknown =>
  hasBody(name) && !isInPath(name, field) ? { nested: [1, { deep: null }] } : '../wrong '.repeat(30)

describe.each(operationNames)('%s on the running host', (name) => {
  it('takes what is right, so that what follows is refused for what was changed', async () => {
    for (const input of inputsOf(name)) {
      expect(operations[name].input.safeParse(input), JSON.stringify(input)).toMatchObject({ success: true })
      const answer = await send(name, input)
      expect(answer.code, answer.text).not.toBe('invalid-input')
      expect(answer.status).not.toBe(401)
      saysNothingOfTheInside(answer)
    }
    const used = new Set(inputsOf(name).flatMap((input) => Object.keys(input)))
    expect(fieldsOf(name).filter((field) => !used.has(field))).toEqual([])
  })

  it('refuses a caller without a token', async () => {
    for (const input of inputsOf(name)) isRefusedAs(await send(name, input, { token: null }), 401, 'unauthenticated')
  })

  it('refuses an unknown field', async () => {
    for (const input of inputsOf(name))
      isRefusedAs(await send(name, { ...input, unexpected: 'x' }), 400, 'invalid-input')
  })

  it('refuses each field when its type is wrong', async () => {
    for (const input of inputsOf(name))
      for (const field of Object.keys(input)) {
        const wrong = { ...input, [field]: wrongValue(name, field) }
        isRefusedAs(await send(name, wrong), 400, 'invalid-input', field)
      }
  })

  if (hasBody(name))
    it('refuses a body over its limit, and none that is as long as that', async () => {
      const limit = (operations[name] as { maxBytes?: number }).maxBytes ?? 64 * 1024
      const [input] = inputsOf(name)
      isRefusedAs(await send(name, input ?? {}, { padTo: limit + 1 }), 413, 'too-large')
      expect(await send(name, input ?? {}, { padTo: limit })).not.toMatchObject({ code: 'too-large' })
    })
})

describe('a wrong token', () => {
  it('opens no operation: it is called wrong, and after some attempts not looked at any more', async () => {
    const codes: (string | null)[] = []
    for (const name of operationNames) {
      const answer = await send(name, inputsOf(name)[0] ?? {}, { token: wrongToken })
      saysNothingOfTheInside(answer)
      codes.push(answer.code)
    }
    const limited = codes.indexOf('too-many-requests')
    expect(limited).toBeGreaterThan(10)
    expect(new Set(codes.slice(0, limited))).toEqual(new Set(['unauthenticated']))
    expect(new Set(codes.slice(limited))).toEqual(new Set(['too-many-requests']))
    // Whoever has the right one is not shut out by that.
    expect(await send('app.status', {})).toMatchObject({ status: 200 })
  })
})
