import { describe, expect, it } from 'vitest'
import { samplePod, sampleService, sampleWorkload } from '../../testing/samples.ts'
import { namespaceNotice, targetNotice } from './not-there.ts'

const namespaces = [{ name: 'payments', phase: 'Active' }]

describe('what is said of a namespace', () => {
  it('that is not there: a forward waits for it', () => {
    expect(namespaceNotice('nope', { namespaces })).toBe(
      'There is no namespace nope now. A forward waits until there is one.',
    )
  })
  it.each([
    ['one that is there', 'payments', { namespaces }],
    ['none', '', { namespaces }],
    ['one that nobody could ask about', 'nope', {}],
  ])('nothing of %s', (_what, namespace, known) => {
    expect(namespaceNotice(namespace, known)).toBeNull()
  })
})

describe('what is said of a target', () => {
  const known = {
    namespaces,
    services: [sampleService({ name: 'web' }), sampleService({ name: 'mail', type: 'ExternalName' })],
    workloads: [sampleWorkload({ kind: 'deployment', name: 'web' })],
    pods: [samplePod({ name: 'web-0' })],
  }
  it.each([
    ['service', 'svc/nope'],
    ['deployment', 'deploy/nope'],
    ['statefulset', 'sts/nope'],
    ['pod', 'pod/nope'],
  ] as const)('%s that is not there: a forward waits for it', (kind, word) => {
    expect(targetNotice({ kind, name: 'nope' }, 'payments', known)).toBe(
      `There is no ${word} to be seen in payments now. A forward waits until there is.`,
    )
  })
  it('a name for a host elsewhere: no pod is behind it', () => {
    expect(targetNotice({ kind: 'service', name: 'mail' }, 'payments', known)).toMatch(
      /no pod behind it\. Choose another target/,
    )
  })
  it('nothing of what is there, of labels, of half a name, of what nobody could ask about', () => {
    expect(targetNotice({ kind: 'service', name: 'web' }, 'payments', known)).toBeNull()
    expect(targetNotice({ kind: 'deployment', name: 'web' }, 'payments', known)).toBeNull()
    expect(targetNotice({ kind: 'selector', selector: 'app=nope' }, 'payments', known)).toBeNull()
    expect(targetNotice(null, 'payments', known)).toBeNull()
    expect(targetNotice({ kind: 'pod', name: 'nope' }, 'payments', { ...known, pods: undefined })).toBeNull()
  })
  it('nothing more where its namespace is not there', () => {
    expect(targetNotice({ kind: 'pod', name: 'nope' }, 'nope', known)).toBeNull()
  })
})
