import { describe, expect, it } from 'vitest'
import { sampleCluster, sampleForward } from '../../testing/samples.ts'
import { countStates, filterForwards, groupForwards } from './forward-list.ts'

const shop = sampleCluster({ id: 'shop', name: 'shop' })
const lab = sampleCluster({ id: 'lab', name: 'lab' })
const web = sampleForward({ id: '1', name: 'web', clusterId: 'shop', state: 'live' })
const data = sampleForward({ id: '2', name: 'data', clusterId: 'lab', state: 'holding', group: 'night' })
const api = sampleForward({ id: '3', name: 'api', clusterId: 'shop', state: 'off' })
const all = [web, data, api]
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name)
const clusters = ['shop', 'lab'].map((name) => ({ id: name, name }))

describe('the list of forwards', () => {
  it('is filtered by states and by every word', () => {
    expect(names(filterForwards(all, { text: '', states: ['live', 'off'] }, clusters))).toEqual(['web', 'api'])
    expect(names(filterForwards(all, { text: 'SHOP we', states: [] }, clusters))).toEqual(['web'])
    expect(names(filterForwards(all, { text: 'night', states: ['live'] }, clusters))).toEqual([])
  })

  it('counts states', () => {
    expect(Object.fromEntries(countStates(all))).toEqual({ live: 1, holding: 1, off: 1 })
  })

  it('groups by cluster in the order of clusters, and sorts by name whatever the state', () => {
    const groups = groupForwards(all, 'cluster', [lab, shop])
    expect(groups.map(({ title, forwards }) => [title, ...names(forwards)])).toEqual([
      ['lab', 'data'],
      ['shop', 'api', 'web'],
    ])
  })

  it('sorts numbers in names as numbers', () => {
    const [first] = all
    const numbered = ['web-10', 'web-2', 'web-1'].map((name) => ({ ...first!, name }))
    expect(groupForwards(numbered, 'none', []).flatMap(({ forwards }) => names(forwards))).toEqual([
      'web-1',
      'web-2',
      'web-10',
    ])
  })

  it('groups by group with the ungrouped last', () => {
    expect(groupForwards(all, 'group', []).map(({ title }) => title)).toEqual(['night', 'No group'])
    expect(groupForwards(all, 'none', [])).toHaveLength(1)
  })
})
