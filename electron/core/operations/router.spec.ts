import { describe, expect, it } from 'vitest'
import { ok } from '../../../contract/errors.ts'
import { operationNames, operations, type OperationName } from '../../../contract/operations.ts'
import { owner, type Permission, type Principal } from '../../../contract/permissions.ts'
import { validInputsAround, vaultPassphrase } from '../../../contract/valid-inputs.testing.ts'
import { Log, LogRing } from '../log.ts'
import type { Handlers } from './handlers.ts'
import { Router, type AuditRecord } from './router.ts'

/** Handlers that only say that they were reached, or do what a test asks. */
function routerWith(handle: (name: OperationName) => unknown) {
  const reached: OperationName[] = []
  const audited: AuditRecord[] = []
  const ring = new LogRing()
  const handlers = Object.fromEntries(
    operationNames.map((name) => [
      name,
      () => {
        reached.push(name)
        return handle(name)
      },
    ]),
  ) as unknown as Handlers
  const router = new Router({ handlers, audit: (record) => audited.push(record), log: new Log([ring.sink]) })
  return { router, reached, audited, ring }
}

const call = { principal: owner, signal: new AbortController().signal }
const validInputs = validInputsAround({ text: 'kind: Config', base64: 'a2luZDogQ29uZmln' })

describe('the router', () => {
  it.each(operationNames)(
    'refuses %s to a caller without its permission, before looking at the input',
    async (name) => {
      const { router, reached } = routerWith(() => ok({}))
      const others = new Set<Permission>([...owner.permissions].filter((one) => one !== operations[name].permission))
      const principal: Principal = { name: 'guest', permissions: others }
      const result = await router.call(name, { anything: 1 }, { ...call, principal })
      expect(result).toMatchObject({ ok: false, error: { code: 'permission-denied' } })
      expect(reached).toEqual([])
    },
  )

  it.each(operationNames)('refuses unknown fields for %s, which is reached without them', async (name) => {
    const { router, reached } = routerWith(() => ok({}))
    for (const input of validInputs[name]) {
      const result = await router.call(name, { ...input, unexpected: true }, call)
      expect(result).toMatchObject({ ok: false, error: { code: 'invalid-input' } })
      expect(reached).toEqual([])
      await router.call(name, input, call)
      expect(reached.splice(0)).toEqual([name])
    }
  })

  it.each(operationNames)('refuses an input of %s that is no object', async (name) => {
    const { router, reached } = routerWith(() => ok({}))
    for (const input of ['text', 7, true, [], () => 1]) {
      expect(await router.call(name, input, call)).toMatchObject({ ok: false, error: { code: 'invalid-input' } })
    }
    expect(reached).toEqual([])
  })

  it('answers an unknown name with an error that says where to look', async () => {
    const { router } = routerWith(() => ok({}))
    for (const name of ['nothing.here', '__proto__', 'constructor'])
      expect(await router.call(name, {}, call)).toMatchObject({ ok: false, error: { code: 'unknown-route' } })
  })

  it('answers a bug with words only, and logs it', async () => {
    const { router, ring } = routerWith(() => {
      throw new Error('token: s3cr3t-in-a-bug')
    })
    const result = await router.call('clusters.list', {}, call)
    expect(result).toMatchObject({ ok: false, error: { code: 'internal' } })
    expect(JSON.stringify(result)).not.toContain('s3cr3t')
    expect(JSON.stringify(result)).not.toContain('router.spec')
    expect(
      ring
        .entries()
        .map((entry) => entry.message)
        .join(),
    ).toContain('clusters.list failed with a bug')
    expect(
      ring
        .entries()
        .map((entry) => entry.message)
        .join(),
    ).not.toContain('s3cr3t')
  })

  it('lets nothing out that the contract does not name', async () => {
    const { router } = routerWith(() => ok({ id: null, secret: 'x' }))
    expect(await router.call('clusters.active', {}, call)).toEqual({ ok: true, value: { id: null } })
  })

  it('writes down what changes something, without secrets', async () => {
    const { router, audited } = routerWith(() => ({
      ok: false,
      error: { code: 'wrong-passphrase', message: 'm', next: 'n' },
    }))
    await router.call('vault.unlock', { passphrase: 'open sesame' }, call)
    await router.call('vault.status', {}, call)
    expect(audited).toHaveLength(1)
    expect(audited[0]).toMatchObject({ principal: 'owner', operation: 'vault.unlock', result: 'wrong-passphrase' })
    expect(JSON.stringify(audited)).not.toContain('sesame')
  })

  it.each(operationNames)('writes down nothing secret that %s is given', async (name) => {
    const { router, audited } = routerWith(() => ok({}))
    for (const input of validInputs[name]) await router.call(name, input, call)
    expect(audited).toHaveLength(operations[name].changes ? validInputs[name].length : 0)
    for (const secret of ['kind: Config', 'a2luZDogQ29uZmln', vaultPassphrase, 'c4n4ry', '--region', 'a note'])
      expect(JSON.stringify(audited)).not.toContain(secret)
  })
})
