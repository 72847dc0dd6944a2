import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CauseCode } from '../../contract/causes.ts'
import { causeSpecs } from '../support/cause-specs.ts'

/** They are over by themselves: in `live`, or in `off`. */
const passing = new Set<CauseCode>(['connecting', 'stopping'])

/** True when the spec does a step with the cause, named at the step or in the rows of a table whose test does it. */
function does(step: 'shown' | 'recovered', code: CauseCode, spec: string): boolean {
  const named = (what: string): RegExp => new RegExp(String.raw`\.${step}\(\s*[\w.]+,\s*${what}`)
  return (
    named(`'${code}'`).test(spec) || (named('code,').test(spec) && new RegExp(`^ *\\['.*, '${code}'`, 'm').test(spec))
  )
}

// Whether they pass is for those specs to say; this one is for a new cause that nobody tries.
it.each(CauseCode.options)('%s has a spec that shows it in the row, and its end', async (code) => {
  const spec = await readFile(join(import.meta.dirname, `causes-${causeSpecs[code]}.spec.ts`), 'utf8')
  expect(does('shown', code, spec), 'it is shown').toBe(true)
  expect(passing.has(code) || does('recovered', code, spec), 'it goes away').toBe(true)
})
