import { describe, expect, it } from 'vitest'
import { readCommandLine } from './command-line.ts'

const recoveryIn = (...args: string[]) => {
  const { recovery } = readCommandLine(['mooring', ...args])
  return recovery.ok ? recovery.value : recovery.error.code
}

describe('the command line of the desktop', () => {
  it('names a data folder in either way', () => {
    expect(readCommandLine(['mooring', '--data-dir', '/data'])).toMatchObject({ dataDir: '/data', hidden: false })
    expect(readCommandLine(['mooring', '--data-dir=/a=b', '--hidden'])).toMatchObject({ dataDir: '/a=b', hidden: true })
  })

  it("leaves Electron's own switches alone", () => {
    expect(readCommandLine(['mooring', '--no-sandbox', '--user-data-dir=/x'])).toMatchObject({
      dataDir: null,
      hidden: false,
    })
  })

  it('takes an empty folder for none', () => {
    expect(readCommandLine(['mooring', '--data-dir='])).toMatchObject({ dataDir: null, hidden: false })
    expect(readCommandLine(['mooring', '--data-dir'])).toMatchObject({ dataDir: null, hidden: false })
  })

  it('says what was decided about a damaged database, in either way', () => {
    expect(recoveryIn('--restore-snapshot', 'latest')).toEqual({ kind: 'restore-snapshot', file: 'latest' })
    expect(recoveryIn('--restore-snapshot=one.db', '--hidden')).toEqual({ kind: 'restore-snapshot', file: 'one.db' })
    expect(recoveryIn('--start-empty')).toEqual({ kind: 'start-empty' })
    expect(recoveryIn()).toBeNull()
    expect(recoveryIn('--restore-snapshot')).toBeNull()
    expect(recoveryIn('--restore-snapshot=one.db', '--start-empty')).toBe('invalid-input')
  })
})
