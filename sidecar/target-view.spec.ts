import { describe, expect, it } from 'vitest'
import type { ApiFailure } from '../contract/sidecar.ts'
import type { Watched } from './resource-watch.ts'
import { keepPod, keepService, keepSlice, keepWorkload, type KeptPod } from './target-objects.ts'
import { buildView, type TargetKnowledge } from './target-view.ts'

const seen = <T>(...items: T[]): Watched<T> => ({ items, synced: true, failure: null })
const lost = <T>(failure: ApiFailure, ...items: T[]): Watched<T> => ({ items, synced: items.length > 0, failure })
const failure = (kind: ApiFailure['class']): ApiFailure => ({
  class: kind,
  detail: null,
  status: null,
  message: '',
  rbac: null,
  retryAfterSeconds: null,
})

const pod = (
  name: string,
  more: { ready?: boolean; owner?: { kind: string; name: string; uid: string }; gone?: boolean } = {},
): KeptPod =>
  keepPod({
    metadata: {
      name,
      uid: `uid-${name}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(more.gone === true ? { deletionTimestamp: '2026-01-02T00:00:00Z' } : {}),
      ...(more.owner === undefined ? {} : { ownerReferences: [{ ...more.owner, controller: true }] }),
    },
    spec: {
      containers: [
        {
          ports: [
            { name: 'http', containerPort: 8080 },
            { name: 'dns', containerPort: 53, protocol: 'UDP' },
          ],
        },
      ],
    },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
  })

const service = keepService({
  spec: {
    clusterIP: '10.0.0.1',
    selector: { app: 'web' },
    ports: [
      { name: 'web', port: 80, targetPort: 'http' },
      { name: 'admin', port: 9000 },
    ],
  },
})
const slice = keepSlice({
  ports: [{ name: 'web', port: 8080 }],
  endpoints: [{ conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'a', uid: 'uid-a' } }],
})

const known = (more: Partial<TargetKnowledge>): TargetKnowledge => ({
  target: { kind: 'service', name: 'web' },
  service: null,
  workload: null,
  slices: null,
  pods: null,
  namespaceExists: true,
  ...more,
})

describe('the view of a service', () => {
  it('is not told before everything was looked at once', () => {
    const waiting = { items: [], synced: false, failure: null }
    expect(buildView(known({ service: seen(service), slices: seen(slice), pods: waiting }))).toBeNull()
  })

  it('leads to ready pods that stay, through the ports the service means', () => {
    const view = buildView(
      known({
        service: seen(service),
        slices: seen(slice),
        pods: seen(pod('b', { ready: false }), pod('a'), pod('c', { gone: true })),
      }),
    )
    expect(view).toMatchObject({ by: 'endpoint-slices', targetExists: true, failure: null })
    expect(view?.pods.map(({ name, usable, reason }) => [name, usable, reason])).toEqual([
      ['a', true, null],
      ['b', false, 'not ready'],
      ['c', false, 'Terminating'],
    ])
    expect(view?.pods[0]?.servicePorts).toEqual({ '80': 8080, web: 8080, '9000': 9000, admin: 9000 })
    expect(view?.pods[0]?.ports).toEqual([{ name: 'http', port: 8080 }])
    expect(view?.declaredPorts).toEqual([
      { name: 'web', port: 80 },
      { name: 'admin', port: 9000 },
    ])
  })

  it('uses a pod that is not ready where the service publishes such pods', () => {
    const early = { ...service, publishNotReady: true }
    const view = buildView(known({ service: seen(early), slices: seen(), pods: seen(pod('a', { ready: false })) }))
    expect(view?.pods[0]).toMatchObject({ usable: true, reason: null })
  })

  it('falls back to pods where endpoint slices may not be read', () => {
    const view = buildView(known({ service: seen(service), slices: lost(failure('forbidden')), pods: seen(pod('a')) }))
    expect(view).toMatchObject({ by: 'pods', failure: null, pods: [{ name: 'a', usable: true }] })
  })

  it('falls back to endpoint slices where pods may not be read', () => {
    const view = buildView(known({ service: seen(service), slices: seen(slice), pods: lost(failure('forbidden')) }))
    expect(view).toMatchObject({
      failure: null,
      pods: [{ name: 'a', uid: 'uid-a', usable: true, servicePorts: { '80': 8080 } }],
    })
  })

  it('knows what the slices know where the service itself may not be read', () => {
    const view = buildView(known({ service: lost(failure('forbidden')), slices: seen(slice) }))
    expect(view).toMatchObject({ targetExists: true, failure: null, pods: [{ name: 'a', usable: true }] })
  })

  it('carries the refusal where nothing may be read', () => {
    const view = buildView(known({ service: lost(failure('forbidden')), slices: lost(failure('forbidden')) }))
    expect(view).toMatchObject({ targetExists: true, failure: { class: 'forbidden' }, pods: [] })
  })

  it('keeps its pods and says that they are old while the server is away', () => {
    const away = failure('unreachable')
    const view = buildView(
      known({ service: lost(away, service), slices: lost(away, slice), pods: lost(away, pod('a')) }),
    )
    expect(view).toMatchObject({ failure: { class: 'unreachable' }, pods: [{ name: 'a', usable: true }] })
  })

  it('that is gone does not exist', () => {
    expect(buildView(known({ service: seen(), slices: seen() }))).toMatchObject({ targetExists: false, pods: [] })
  })

  it('without a selector leads where its slices say', () => {
    const bare = keepService({ spec: { ports: [{ port: 80 }] } })
    expect(buildView(known({ service: seen(bare), slices: seen(slice) }))?.pods).toMatchObject([
      { name: 'a', usable: true },
    ])
  })

  it('that is headless reaches the declared port itself, else the target port', () => {
    const headless = keepService({
      spec: {
        clusterIP: 'None',
        selector: { app: 'web' },
        ports: [
          { name: 'a', port: 8080, targetPort: 1 },
          { name: 'b', port: 80, targetPort: 'http' },
        ],
      },
    })
    const view = buildView(known({ service: seen(headless), slices: seen(), pods: seen(pod('a')) }))
    expect(view?.pods[0]?.servicePorts).toMatchObject({ '8080': 8080, '80': 8080 })
  })
})

describe('the view of a workload', () => {
  const deployment = keepWorkload({
    metadata: { name: 'web', uid: 'd' },
    spec: { selector: { matchLabels: { app: 'web' } } },
  })
  const set = keepWorkload({ metadata: { name: 'db', uid: 's' }, spec: { selector: { matchLabels: { app: 'db' } } } })

  it('holds the pods of its own replica sets, and of nobody else who uses the same labels', () => {
    const own = pod('own', { owner: { kind: 'ReplicaSet', name: 'web-5d4', uid: 'r' } })
    const others = pod('other', { owner: { kind: 'StatefulSet', name: 'web', uid: 'x' } })
    const canary = pod('canary', { owner: { kind: 'ReplicaSet', name: 'web-canary-7f9', uid: 'c' } })
    const view = buildView(
      known({
        target: { kind: 'deployment', name: 'web' },
        workload: seen(deployment),
        pods: seen(own, others, canary, pod('bare')),
      }),
    )
    expect(view?.pods.map(({ name }) => name)).toEqual(['own'])
  })

  it('of a stateful set knows ordinals', () => {
    const pods = seen(pod('db-10', { owner: { kind: 'StatefulSet', name: 'db', uid: 's' } }))
    const view = buildView(known({ target: { kind: 'statefulset', name: 'db' }, workload: seen(set), pods }))
    expect(view?.pods[0]?.ordinal).toBe(10)
  })

  it('carries the refusal, and does not say that the workload is missing', () => {
    const view = buildView(known({ target: { kind: 'deployment', name: 'web' }, workload: lost(failure('forbidden')) }))
    expect(view).toMatchObject({ targetExists: true, failure: { class: 'forbidden' } })
  })
})

describe('the view of a pod', () => {
  it('that is not there says so, and whether its namespace is', () => {
    const target = { kind: 'pod', name: 'a' } as const
    expect(buildView(known({ target, pods: seen(), namespaceExists: false }))).toMatchObject({
      targetExists: false,
      namespaceExists: false,
    })
  })
})
