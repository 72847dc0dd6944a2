import { describe, expect, it } from 'vitest'
import { mergeLines, mostLines } from './output-lines.ts'

const line = (seq: number) => ({ seq, at: seq, stream: 'stdout' as const, text: `line ${seq}`, pid: 1 })

describe('lines of output', () => {
  it('are added once each', () => {
    expect(mergeLines([line(1), line(2)], [line(2), line(3)]).map(({ seq }) => seq)).toEqual([1, 2, 3])
  })

  it('are limited to the newest', () => {
    const many = Array.from({ length: mostLines + 5 }, (_, index) => line(index))
    expect(mergeLines([], many)).toHaveLength(mostLines)
    expect(mergeLines([], many)[0]?.seq).toBe(5)
  })
})
