import { describe, expect, it } from 'vitest'
import { readCommandLine } from './command-line.ts'

describe('the command line of the desktop', () => {
  it('names a data folder in either way', () => {
    expect(readCommandLine(['mooring', '--data-dir', '/data'])).toEqual({ dataDir: '/data', hidden: false })
    expect(readCommandLine(['mooring', '--data-dir=/a=b', '--hidden'])).toEqual({ dataDir: '/a=b', hidden: true })
  })

  it("leaves Electron's own switches alone", () => {
    expect(readCommandLine(['mooring', '--no-sandbox', '--user-data-dir=/x'])).toEqual({ dataDir: null, hidden: false })
  })

  it('takes an empty folder for none', () => {
    expect(readCommandLine(['mooring', '--data-dir='])).toEqual({ dataDir: null, hidden: false })
    expect(readCommandLine(['mooring', '--data-dir'])).toEqual({ dataDir: null, hidden: false })
  })
})
