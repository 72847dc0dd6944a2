import { describe, expect, it } from 'vitest'
import { sampleCluster } from '../../testing/samples.ts'
import { filterClusters, groupClusters, placeBeside } from './cluster-list.ts'

const clusters = [
  sampleCluster({ name: 'lab', environment: null }),
  sampleCluster({ name: 'shop', environment: 'production', labels: { team: 'payments' } }),
  sampleCluster({ name: 'play', environment: 'sandbox' }),
  sampleCluster({ name: 'next', environment: 'staging' }),
]

describe('the list of clusters', () => {
  it('is grouped with production first and the unnamed last', () => {
    expect(groupClusters(clusters, 'environment').map(({ environment }) => environment)).toEqual([
      'production',
      'staging',
      'sandbox',
      null,
    ])
    expect(groupClusters(clusters, 'none')).toHaveLength(1)
  })

  it('is filtered by every word, wherever it occurs', () => {
    expect(filterClusters(clusters, 'team=pay PROD').map(({ name }) => name)).toEqual(['shop'])
    expect(filterClusters(clusters, '  ')).toHaveLength(4)
    expect(filterClusters(clusters, 'nothing')).toEqual([])
  })

  it('knows the place beside another cluster, counted without the one that moves', () => {
    const order = ['a', 'b', 'c', 'd'].map((id) => ({ id }))
    expect(placeBeside(order, 'a', 'c', 'after')).toBe(2)
    expect(placeBeside(order, 'a', 'c', 'before')).toBe(1)
    expect(placeBeside(order, 'd', 'b', 'before')).toBe(1)
    expect(placeBeside(order, 'd', 'b', 'after')).toBe(2)
    expect(placeBeside(order, 'a', 'b', 'before')).toBeNull()
    expect(placeBeside(order, 'b', 'a', 'after')).toBeNull()
    expect(placeBeside(order, 'b', 'b', 'after')).toBeNull()
    expect(placeBeside(order, 'b', 'x', 'after')).toBeNull()
  })
})
