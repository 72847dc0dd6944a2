import { describe, expect, it } from 'vitest'
import { selectorText } from './label-selector.ts'

describe('a selector as text', () => {
  it('joins labels and expressions as kubectl writes them', () => {
    const matchExpressions = [
      { key: 'tier', operator: 'In', values: ['a', 'b'] },
      { key: 'zone', operator: 'NotIn', values: ['x'] },
      { key: 'owner', operator: 'Exists' },
      { key: 'legacy', operator: 'DoesNotExist' },
    ]
    expect(selectorText({ matchLabels: { app: 'web', part: 'api' }, matchExpressions })).toBe(
      'app=web,part=api,tier in (a,b),zone notin (x),owner,!legacy',
    )
  })

  it('is none where nothing is selected', () => {
    expect(selectorText(undefined)).toBeNull()
    expect(selectorText({ matchLabels: {}, matchExpressions: [] })).toBeNull()
  })

  it('is none where a part is not understood, because the rest would select more', () => {
    const matchLabels = { app: 'web' }
    expect(selectorText({ matchLabels, matchExpressions: [{ key: 'age', operator: 'Gt', values: ['3'] }] })).toBeNull()
    expect(selectorText({ matchLabels, matchExpressions: [{ operator: 'Exists' }] })).toBeNull()
  })
})
