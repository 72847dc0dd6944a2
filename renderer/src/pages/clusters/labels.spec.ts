import { describe, expect, it } from 'vitest'
import { labelsFromText, labelsToText } from './labels.ts'

describe('labels as text', () => {
  it('come back as they were written', () => {
    const labels = { team: 'payments', 'app.kubernetes.io/part-of': 'a=b', empty: '' }
    expect(labelsFromText(labelsToText(labels))).toEqual({ ok: true, value: labels })
  })

  it('say which line is wrong', () => {
    expect(labelsFromText('team=a\n\n justaword')).toEqual({ ok: false, error: 'Write line 3 as name=value.' })
  })
})
