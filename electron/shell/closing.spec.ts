import { describe, expect, it } from 'vitest'
import { closingOf, trayIsSure } from './closing.ts'

describe('closing the window', () => {
  it('asks until the user has decided', () => {
    expect(closingOf(null, true)).toBe('ask')
    expect(closingOf('ask', true)).toBe('ask')
  })

  it('quits when the user wants that', () => {
    expect(closingOf('quit', true)).toBe('quit')
  })

  it('hides the window only where the tray is a sure way back', () => {
    expect(closingOf('keep-running', trayIsSure(true, 'darwin'))).toBe('hide')
    expect(closingOf('keep-running', trayIsSure(true, 'win32'))).toBe('hide')
    expect(closingOf('keep-running', trayIsSure(false, 'win32'))).toBe('minimize')
    expect(closingOf('keep-running', trayIsSure(true, 'linux'))).toBe('minimize')
  })
})
