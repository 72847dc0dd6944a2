import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpRequest } from '../../contract/http-transport.ts'
import { pathParameters } from '../../contract/operation.ts'
import { operationNames, operations, type OperationName } from '../../contract/operations.ts'
import { startHost, type RunningHost } from '../support/host.ts'

const id = '7f2b1c1e-9d3a-4c55-8a56-0b9a5a7f0001'
let host: RunningHost

beforeAll(async () => {
  host = await startHost()
})
afterAll(() => host.close())

type Answer = { status: number; code: string | null; text: string }

async function send(
  name: OperationName,
  input: Record<string, unknown>,
  token: string | null = host.token,
): Promise<Answer> {
  const { method, path, body } = httpRequest(name, input)
  const response = await fetch(host.url + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === null ? {} : { body }),
  })
  const text = await response.text()
  const code = response.ok ? null : (JSON.parse(text) as { error: { code: string } }).error.code
  return { status: response.status, code, text }
}

const saysNothingOfTheInside = (answer: Answer): void => {
  expect(answer.text).not.toMatch(/\bat .*\.(m?js|ts):\d+/)
  expect(answer.text).not.toContain('node_modules')
  expect(answer.code).not.toBe('internal')
}

const fieldsOf = (name: OperationName): string[] =>
  Object.keys((operations[name].input as unknown as { shape: object }).shape).filter(
    (field) => !pathParameters(operations[name].path).includes(field),
  )

describe.each(operationNames)('%s on the running host', (name) => {
  it('refuses a caller without a token, and one with a wrong token', async () => {
    expect(await send(name, { id }, null)).toMatchObject({ status: 401, code: 'unauthenticated' })
  })

  it('refuses an unknown field', async () => {
    const answer = await send(name, { id, unexpected: 'x' })
    expect(answer).toMatchObject({ status: 400, code: 'invalid-input' })
    saysNothingOfTheInside(answer)
  })

  it('refuses each field when its type is wrong', async () => {
    for (const field of fieldsOf(name)) {
      const inQuery = ['GET', 'DELETE'].includes(operations[name].method)
      const wrong = inQuery ? '\u0000'.repeat(70) : { nested: [1, { deep: null }] }
      const answer = await send(name, { id, [field]: wrong })
      expect(answer, field).toMatchObject({ status: 400, code: 'invalid-input' })
      saysNothingOfTheInside(answer)
    }
  })

  if (operations[name].path.includes('{id}'))
    it('refuses an id that is none, and says when nothing has it', async () => {
      expect(await send(name, { id: '../../etc/passwd' })).toMatchObject({ code: 'invalid-input' })
      const answer = await send(name, { id })
      expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
      saysNothingOfTheInside(answer)
    })

  if (operations[name].method !== 'GET' && operations[name].method !== 'DELETE')
    it('refuses a body over its limit', async () => {
      const limit = (operations[name] as { maxBytes?: number }).maxBytes ?? 64 * 1024
      const answer = await send(name, { id, text: 'x'.repeat(limit) })
      expect(answer).toMatchObject({ status: 413, code: 'too-large' })
    })
})
