import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineSplitter, maxLineLength } from './line-splitter.ts'

const split = (chunks: Buffer[]): string[] => {
  const splitter = new LineSplitter()
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()]
}

describe('LineSplitter', () => {
  it('finds the same lines however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat(20)), (texts, cuts) => {
        const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ''))
        const bytes = Buffer.from(lines.map((line) => `${line}\r\n`).join(''))
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)))
        expect(split([...chunks, bytes.subarray(at)])).toEqual(lines)
      }),
    )
  })

  it('keeps the last line without a line break', () => {
    expect(split([Buffer.from('a\nb')])).toEqual(['a', 'b'])
  })

  it('holds no more than one line of bounded length, and says that it cut', () => {
    const chunks = Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x'))
    const [first, second] = split([...chunks, Buffer.from('\nnext\n')])
    expect(first).toBe(`${'x'.repeat(maxLineLength)} … (cut)`)
    expect(second).toBe('next')
  })
})
