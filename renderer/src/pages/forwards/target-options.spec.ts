import { describe, expect, it } from 'vitest'
import { samplePod, sampleService, sampleWorkload } from '../../testing/samples.ts'
import { portsOf, targetGroups } from './target-options.ts'

describe('the targets a form offers', () => {
  const groups = targetGroups(
    [sampleService({ name: 'web', readyPods: 2 }), sampleService({ name: 'api', readyPods: 0 })],
    [sampleWorkload({ kind: 'statefulset', name: 'db', ready: 1, wanted: 3 })],
    [
      samplePod({ name: 'web-1', ready: true }),
      samplePod({ name: 'web-2', phase: 'Pending', ready: false, reason: 'Unschedulable' }),
    ],
    'all',
  )

  it('are grouped with services first, and say how many pods are ready', () => {
    expect(groups.map(({ value, items }) => [value, ...items.map(({ text, aside }) => `${text} ${aside}`)])).toEqual([
      ['Services', 'svc/api 0 pods ready', 'svc/web 2 pods ready'],
      ['Stateful sets', 'sts/db 1 of 3 ready'],
      ['Pods', 'pod/web-1 ready', 'pod/web-2 Unschedulable'],
    ])
  })

  it('can leave out pods that do not run', () => {
    const running = targetGroups(
      [],
      [],
      [samplePod({ name: 'a' }), samplePod({ name: 'b', phase: 'Pending' })],
      'Running',
    )
    expect(running[0]?.items.map(({ text }) => text)).toEqual(['pod/a'])
  })

  it('know the TCP ports of a target', () => {
    const [udp] = targetGroups(
      [
        sampleService({
          name: 'dns',
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
            { name: 'tcp', port: 53, protocol: 'TCP', targetPort: 53 },
          ],
        }),
      ],
      [],
      [],
      'all',
    )
    expect(portsOf([udp!], 'svc/dns').map(({ name }) => name)).toEqual(['tcp'])
    expect(portsOf(groups, 'svc/unknown')).toEqual([])
  })
})
