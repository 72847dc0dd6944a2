import { describe, expect, it } from 'vitest'
import { readYaml, toPlainValue } from './yaml-tree.ts'

const read = (text: string): unknown[] => {
  const result = readYaml(text)
  if (!result.ok) throw new Error(result.error.message)
  return result.value.documents.map(toPlainValue)
}
const failure = (text: string) => {
  const result = readYaml(text)
  return result.ok ? null : result.error
}

describe('YAML of kubeconfigs', () => {
  it('keeps the text of unquoted numbers and knows what kubectl takes them for', () => {
    const result = readYaml(
      'a: 1.10\nb: 007\nc: no\nd: "no"\ne: ~\nf: 10.0.0.1\ng: 2024-01-01\nh: 1_000\ni: .5e3\nj: 0x1F',
    )
    const root = result.ok ? result.value.documents[0] : undefined
    const scalars = root?.kind === 'mapping' ? [...root.entries.values()] : []
    expect(scalars.map((node) => (node.kind === 'scalar' ? [node.text, node.type] : []))).toEqual([
      ['1.10', 'number'],
      ['007', 'number'],
      ['no', 'boolean'],
      ['no', 'string'],
      ['~', 'null'],
      ['10.0.0.1', 'string'],
      ['2024-01-01', 'string'],
      ['1_000', 'number'],
      ['.5e3', 'number'],
      ['0x1F', 'number'],
    ])
  })

  it('follows aliases and merge keys', () => {
    expect(read('a: &x {k: 1, l: two}\nb: *x\nc:\n  <<: *x\n  l: three')).toEqual([
      { a: { k: 1, l: 'two' }, b: { k: 1, l: 'two' }, c: { k: 1, l: 'three' } },
    ])
  })

  it('cannot be made to reach a prototype', () => {
    const [value] = read('__proto__: {polluted: yes}\nconstructor: x')
    expect(Object.hasOwn(value as object, 'constructor')).toBe(true)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('names the place of a tab and says what is wrong', () => {
    const found = failure('a:\n- b:\n\tc: d')
    expect(found).toMatchObject({ code: 'yaml-syntax', line: 3 })
    expect(found?.message).toContain('tab')
  })

  it('never quotes the text in its words', () => {
    for (const text of ['token: [s3cr3t', 'token: *s3cr3t', '- a\ns3cr3t', '"s3cr3t" s3cr3t', 's3cr3t: %x: @s3cr3t'])
      expect(failure(text)?.message ?? '').not.toContain('s3cr3t')
  })

  it('refuses an alias inside its own anchor and a mapping as a key', () => {
    expect(failure('a: &x [*x]')).toMatchObject({ code: 'yaml-syntax' })
    expect(failure('{a: b}: c')).toMatchObject({ code: 'yaml-syntax' })
  })

  it.each([
    [
      'aliases of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replaceAll(
        /./g,
        (c) =>
          `${c}: &${c} [${Array(9)
            .fill(`*${String.fromCharCode(c.charCodeAt(0) - 1)}`)
            .join(',')}]\n`,
      )}`,
      'alias-bomb',
    ],
    ['brackets a million deep', '['.repeat(1_000_000), 'yaml-syntax'],
    ['a hundred thousand lists in lists', '- '.repeat(100_000), 'yaml-syntax'],
    ['two million empty quotes', '"'.repeat(4_000_000), 'too-large'],
    ['a million documents', '---\n'.repeat(1_000_000), 'too-large'],
  ])('refuses %s quickly', (_name, text, code) => {
    const started = process.cpuUsage()
    expect(failure(text)).toMatchObject({ code })
    // Time of the processor, so that a busy machine does not count: normally far below two seconds.
    expect(process.cpuUsage(started).user).toBeLessThan(6_000_000)
  })
})
