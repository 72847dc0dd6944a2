import { describe, expect, it } from 'vitest'
import { sampleCluster } from '../../testing/samples.ts'
import { filterClusters, groupClusters } from './cluster-list.ts'

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
})
