import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { failureOfAnswer, failureOfWatchError } from './api-failure.ts'

const folder = path.resolve(import.meta.dirname, '../../shared/fixtures/api-errors')
type Expected = {
  file: string
  status: number
  contentType: string
  class: string
  message: string | null
  retryAfterSeconds?: number
  rbac?: Record<string, string>
}
const cases: Expected[] = fs.existsSync(folder)
  ? (JSON.parse(fs.readFileSync(path.join(folder, 'index.json'), 'utf8')) as Expected[])
  : []

describe('a failed API answer', () => {
  if (cases.length === 0)
    it('agrees with the collection', (context) => context.skip('did not run: ../shared/fixtures/api-errors'))
  for (const expected of cases) {
    it(`${expected.file} is ${expected.class}`, () => {
      const failure = failureOfAnswer({
        status: expected.status,
        headers: { 'content-type': expected.contentType },
        body: fs.readFileSync(path.join(folder, expected.file), 'utf8'),
      })
      expect(failure.class).toBe(expected.class)
      expect(failure.status).toBe(expected.status)
      expect(failure.retryAfterSeconds).toBe(expected.retryAfterSeconds ?? null)
      if (expected.message !== null) expect(failure.message).toBe(expected.message)
      else expect(failure.message).not.toBe('')
      const nothing = { resource: null, group: null, namespace: null, name: null, path: null }
      expect(failure.rbac).toEqual(expected.rbac === undefined ? null : { ...nothing, ...expected.rbac })
    })
  }

  it('at cluster scope names no namespace', () => {
    const message =
      'nodes is forbidden: User "reader" cannot list resource "nodes" in API group "" at the cluster scope'
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', message, reason: 'Forbidden', code: 403 })
    expect(failureOfAnswer({ status: 403, body }).rbac).toMatchObject({
      user: 'reader',
      resource: 'nodes',
      namespace: null,
    })
  })

  it('reads a user name that holds quotes', () => {
    const message = String.raw`pods is forbidden: User "a\"b\\c" cannot list resource "pods" in API group "" in the namespace "x"`
    const body = JSON.stringify({ kind: 'Status', message, reason: 'Forbidden', code: 403 })
    expect(failureOfAnswer({ status: 403, body }).rbac?.user).toBe(String.raw`a"b\c`)
  })

  it('takes Retry-After from the header where the body has none', () => {
    const failure = failureOfAnswer({ status: 429, headers: { 'retry-after': '7' }, body: '' })
    expect(failure).toMatchObject({ class: 'throttled', retryAfterSeconds: 7 })
  })

  it('in a watch is classified by the code inside the object', () => {
    const failure = failureOfWatchError({
      kind: 'Status',
      code: 410,
      reason: 'Expired',
      message: 'too old resource version',
    })
    expect(failure).toMatchObject({ class: 'expired', status: 410 })
  })
})
