import { describe, expect, it } from 'vitest'
import { readRecovery } from './recovery-option.ts'

describe('what was decided about a damaged database', () => {
  it('is read from the command line in both ways of writing', () => {
    expect(readRecovery(['mooring', '--restore-snapshot', 'latest'])).toEqual({
      kind: 'restore-snapshot',
      file: 'latest',
    })
    expect(readRecovery(['mooring', '--restore-snapshot=one.db', '--hidden'])).toEqual({
      kind: 'restore-snapshot',
      file: 'one.db',
    })
    expect(readRecovery(['mooring', '--start-empty'])).toEqual({ kind: 'start-empty' })
  })

  it('is nothing without the option, or without its value', () => {
    expect(readRecovery(['mooring'])).toBeNull()
    expect(readRecovery(['mooring', '--restore-snapshot'])).toBeNull()
  })
})
