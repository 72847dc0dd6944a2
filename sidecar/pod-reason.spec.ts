import { describe, expect, it } from 'vitest'
import type { PodObject } from './kubernetes-objects.ts'
import { podReason, unusableReason } from './pod-reason.ts'

const pod = (status: PodObject['status'], more: Partial<PodObject> = {}): PodObject => ({
  status: status ?? {},
  ...more,
})
const ready = [{ type: 'Ready', status: 'True' }]

describe('a pod', () => {
  it.each<[string, string | null, PodObject]>([
    [
      'Running',
      null,
      pod({ phase: 'Running', conditions: ready, containerStatuses: [{ ready: true, state: { running: {} } }] }),
    ],
    ['Running', 'not ready', pod({ phase: 'Running', containerStatuses: [{ ready: false, state: { running: {} } }] })],
    [
      'CrashLoopBackOff',
      'CrashLoopBackOff',
      pod({ phase: 'Running', containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }),
    ],
    [
      'ImagePullBackOff',
      'ImagePullBackOff',
      pod({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] }),
    ],
    [
      'Pending',
      'Unschedulable',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] }),
    ],
    ['Evicted', 'Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    [
      'OOMKilled',
      'OOMKilled',
      pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }] }),
    ],
    [
      'ExitCode:3',
      'ExitCode:3',
      pod({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 3 } } }] }),
    ],
    [
      'Completed',
      'Completed',
      pod({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { reason: 'Completed', exitCode: 0 } } }] }),
    ],
    [
      'Init:0/2',
      'Init:0/2',
      pod({
        phase: 'Pending',
        initContainerStatuses: [{ state: { running: {} } }, { state: { waiting: { reason: 'PodInitializing' } } }],
      }),
    ],
    [
      'Init:CrashLoopBackOff',
      'Init:CrashLoopBackOff',
      pod({ phase: 'Pending', initContainerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] }),
    ],
    [
      'Running',
      null,
      pod(
        { phase: 'Running', conditions: ready, initContainerStatuses: [{ started: true, state: { running: {} } }] },
        { spec: { initContainers: [{ restartPolicy: 'Always' }] } },
      ),
    ],
    [
      'Terminating',
      'Terminating',
      pod({ phase: 'Running', conditions: ready }, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ],
    ['Unknown', 'Unknown', {}],
  ])('is called %s, and not used because of %s', (word, reason, object) => {
    expect(podReason(object)).toBe(word)
    expect(unusableReason(object)).toBe(reason)
  })
})
