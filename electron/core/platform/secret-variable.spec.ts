import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const module = join(import.meta.dirname, 'secret-variable.ts')

/** What a process says of itself that was started with `environment` and took MOORING_SECRET. */
function take(environment: Record<string, string>): { taken: unknown; shown: string; known: string[] } {
  const program = `
    import { readFileSync } from 'node:fs'
    import { takeSecretVariable } from ${JSON.stringify(module)}
    const taken = takeSecretVariable('MOORING_SECRET')
    const shown = process.platform === 'linux' ? readFileSync('/proc/self/environ', 'utf8') : ''
    console.log(JSON.stringify({ taken, shown, known: Object.keys(process.env) }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env: environment })
  return JSON.parse(output.toString()) as ReturnType<typeof take>
}

describe('a secret in a variable', () => {
  it('is taken once, and what stands around it stays', () => {
    const { taken, known } = take({ BEFORE: '1', MOORING_SECRET: 'gehëim=x', MOORING_SECRETS: '2', AFTER: '3' })
    expect(taken).toMatchObject({ value: 'gehëim=x' })
    expect(known).toEqual(expect.arrayContaining(['BEFORE', 'MOORING_SECRETS', 'AFTER']))
    expect(known).not.toContain('MOORING_SECRET')
    expect(take({ BEFORE: '1' }).taken).toEqual({ value: null, cleared: true })
  })

  it('is not shown by the system any more', (context) => {
    if (process.platform !== 'linux') context.skip('needs Linux')
    const { taken, shown } = take({ BEFORE: '1', MOORING_SECRET: 'gehëim=x', MOORING_SECRETS: '2', AFTER: '3' })
    expect(taken).toMatchObject({ cleared: true })
    expect(shown).not.toContain('im=x')
    for (const kept of ['BEFORE=1', 'MOORING_SECRETS=2', 'AFTER=3']) expect(shown.split('\0')).toContain(kept)
  })
})
