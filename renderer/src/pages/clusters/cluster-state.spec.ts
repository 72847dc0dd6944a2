import { describe, expect, it } from 'vitest'
import { sampleCluster } from '../../testing/samples.ts'
import { clusterState, freshMs } from './cluster-state.ts'

const { status } = sampleCluster()
const seen = (more: Partial<typeof status>) => ({ status: { ...status, checkedAt: 1000, ...more } })

describe('the state of a cluster', () => {
  it('is connected only while that was seen a short time ago', () => {
    expect(clusterState(seen({}), 1000 + freshMs - 1, true)).toEqual({ mark: 'connected', word: 'connected' })
    expect(clusterState(seen({}), 1000 + freshMs, true)).toEqual({ mark: 'unknown', word: 'was connected' })
  })

  it('is past as soon as the owner does not answer', () => {
    expect(clusterState(seen({}), 1000, false).mark).toBe('unknown')
  })

  it('is not checked before anybody looked', () => {
    const never = seen({ status: 'unknown', checkedAt: null })
    expect(clusterState(never, 1000, true).word).toBe('not checked')
    expect(clusterState(seen({ status: 'unknown', checkedAt: null, checking: true }), 1000, true).word).toBe('checking')
  })
})
