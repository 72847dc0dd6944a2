import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KubeconfigPreview } from '../../../contract/kubeconfigs.ts'
import { sampleKubeconfig } from './kubeconfig.testing.ts'
import { nothingKnown } from './preview-environment.testing.ts'
import { previewKubeconfig } from './preview.ts'

const sample = sampleKubeconfig({ contexts: 6 })

/** One change to a text: something cut out, put in, or copied elsewhere. */
const edit = fc.record({
  at: fc.nat(sample.length),
  cut: fc.nat(40),
  insert: fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '\t',
      '\n',
      ': ',
      '- ',
      '*a',
      '&a ',
      '<<: ',
      '---\n',
      '{',
      '[',
      '"',
      '|\n',
      '!!int ',
      '\u0000',
      '\uFEFF',
      'null',
    ),
  ),
})
const apply = (text: string, edits: { at: number; cut: number; insert: string }[]): string =>
  edits.reduce((current, { at, cut, insert }) => current.slice(0, at) + insert + current.slice(at + cut), text)

describe('previews of damaged kubeconfigs', () => {
  it('always answer in the contract’s shape, without throwing', () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), (edits) => {
        const preview = previewKubeconfig({ text: apply(sample, edits) }, nothingKnown)
        expect(KubeconfigPreview.safeParse(preview).error).toBeUndefined()
        expect(preview.error === null).toBe(preview.verdict !== 'error')
      }),
      { numRuns: 300 },
    )
  })

  it('take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(KubeconfigPreview.safeParse(previewKubeconfig({ bytes }, nothingKnown)).error).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it('never show a secret of the text', () => {
    const secrets = [...sample.matchAll(/(?:token|password|client-key-data): (\S+)/g)].map((match) => match[1] ?? '')
    expect(secrets.length).toBeGreaterThan(2)
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), (edits) => {
        const shown = JSON.stringify(previewKubeconfig({ text: apply(sample, edits) }, nothingKnown))
        for (const secret of secrets) expect(shown).not.toContain(secret)
      }),
      { numRuns: 300 },
    )
  })
})
