import { describe, expect, it } from 'vitest'
import { fail, ok } from '../../../contract/errors.ts'
import { owner } from '../../../contract/permissions.ts'
import type { ApiFailure } from '../../../contract/sidecar.ts'
import { plainConnection } from '../../../network/api-server.testing.ts'
import type { SidecarAnswer } from '../sidecar/sidecar-client.ts'
import { start } from './cluster-health.testing.ts'

describe('discovery', () => {
  const context = { principal: owner, signal: new AbortController().signal }
  const refusal = (kind: ApiFailure['class'], more: Partial<ApiFailure> = {}): SidecarAnswer<unknown> =>
    fail({ class: kind, detail: null, status: null, message: 'm', rbac: null, retryAfterSeconds: null, ...more })

  it('hands the sidecar the credentials and answers its rows', async () => {
    const rows = [{ name: 'default', phase: 'Active' }]
    const { health, given } = start({ a: 'http://a' }, { request: () => ok(rows) })
    expect(await health.handlers()['clusters.namespaces']({ id: 'a' }, context)).toEqual(ok(rows))
    expect(given).toEqual([['a', plainConnection('http://a')]])
  })

  it('tries once with new credentials after 401', async () => {
    let asked = 0
    const { health, given } = start(
      { a: '' },
      {
        resolve: (_id, { fresh = false }) => ok(plainConnection('http://a', { token: fresh ? 'newer' : 'older' })),
        request: () => ((asked += 1), asked === 1 ? refusal('unauthorized', { status: 401 }) : ok([])),
      },
    )
    expect(await health.handlers()['clusters.pods']({ id: 'a' }, context)).toEqual(ok([]))
    expect(given.map(([, { token }]) => token)).toEqual(['older', 'newer'])
  })

  it.each<[SidecarAnswer<unknown>, string, string]>([
    [refusal('unauthorized', { status: 401 }), 'credentials-rejected', 'Check the credentials'],
    [
      refusal('forbidden', {
        status: 403,
        rbac: { user: 'jane', verb: 'list', resource: 'pods', group: '', namespace: 'shop', name: null, path: null },
      }),
      'forbidden',
      'Ask the cluster administrator',
    ],
    [refusal('not-found', { status: 404 }), 'not-found', 'Check that it exists'],
    [refusal('timeout'), 'cluster-unreachable', 'Check the network'],
    [refusal('unreachable', { detail: 'timeout' }), 'cluster-unreachable', 'Check the network'],
    [refusal('unreachable', { detail: 'refused' }), 'cluster-unreachable', 'Check that the cluster runs'],
    [refusal('unreachable', { detail: 'dns' }), 'cluster-unreachable', 'the server address'],
    [refusal('server', { status: 500 }), 'api-refused', "Check the cluster's health"],
    [fail({ class: 'sidecar-unavailable', message: 'm' }), 'sidecar-unavailable', 'Diagnostics'],
  ])('answers %j as %s', async (answer, code, next) => {
    const { health } = start({ a: 'http://a' }, { request: () => answer })
    const result = await health.handlers()['clusters.services']({ id: 'a' }, context)
    expect(result).toMatchObject({ ok: false, error: { code, next: expect.stringContaining(next) as string } })
  })

  it('names who may not do what', async () => {
    const rbac = {
      user: 'jane',
      verb: 'list',
      resource: 'deployments',
      group: 'apps',
      namespace: 'shop',
      name: null,
      path: null,
    }
    const { health } = start({ a: 'http://a' }, { request: () => refusal('forbidden', { status: 403, rbac }) })
    const result = await health.handlers()['clusters.workloads']({ id: 'a' }, context)
    expect(!result.ok && result.error.message).toBe(
      'The server knows you as "jane", who may not list deployments.apps in namespace shop.',
    )
  })

  it('of a cluster that is not there says so', async () => {
    const { health } = start({})
    expect(await health.handlers()['clusters.health']({ id: 'x' }, context)).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    })
  })
})
