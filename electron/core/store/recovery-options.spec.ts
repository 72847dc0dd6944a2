import { describe, expect, it } from 'vitest'
import { recoveryOf } from './recovery-options.ts'

describe('what is to be done about a damaged database', () => {
  it('is nothing until somebody decides', () => {
    expect(recoveryOf({})).toEqual({ ok: true, value: null })
    expect(recoveryOf({ restoreSnapshot: null, startEmpty: false })).toEqual({ ok: true, value: null })
  })

  it('is one of two things', () => {
    const restored = { kind: 'restore-snapshot', file: 'latest' }
    expect(recoveryOf({ restoreSnapshot: 'latest' })).toEqual({ ok: true, value: restored })
    expect(recoveryOf({ startEmpty: true })).toEqual({ ok: true, value: { kind: 'start-empty' } })
  })

  it('is never both', () => {
    expect(recoveryOf({ restoreSnapshot: 'latest', startEmpty: true })).toMatchObject({
      ok: false,
      error: { code: 'invalid-input', next: expect.stringMatching(/--restore-snapshot .*--start-empty/) as string },
    })
  })
})
