import { describe, expect, it } from 'vitest'
import { type Target, targetWord } from '../../../../contract/forwards.ts'
import { targetFromText } from './target-text.ts'

describe('a target as text', () => {
  it("is read with any of kubectl's words", () => {
    expect(targetFromText(' Deployments/web ')).toEqual({ kind: 'deployment', name: 'web' })
    expect(targetFromText('po/web-0')).toEqual({ kind: 'pod', name: 'web-0' })
  })

  it('is a selector where it compares labels', () => {
    expect(targetFromText('app=web,tier!=test')).toEqual({ kind: 'selector', selector: 'app=web,tier!=test' })
    expect(targetFromText('tier in (a, b)')).toEqual({ kind: 'selector', selector: 'tier in (a, b)' })
  })

  it('is unknown without a kind', () => {
    expect(targetFromText('web')).toBeNull()
    expect(targetFromText('node/a')).toBeNull()
    expect(targetFromText('')).toBeNull()
  })

  it('comes back as it was', () => {
    const targets: Target[] = [
      { kind: 'service', name: 'checkout' },
      { kind: 'job', name: 'nightly' },
      { kind: 'selector', selector: 'app=web' },
    ]
    for (const target of targets) expect(targetFromText(targetWord(target))).toEqual(target)
  })
})
