import { describe, expect, it } from 'vitest'
import { chordOf, chordPause, createChordReader, type KeyPress } from './key-chords.ts'

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
})

describe('a key press in words', () => {
  it('says Mod for Ctrl, and for Cmd on a Mac', () => {
    expect(chordOf(press('k', { ctrlKey: true }), false)).toBe('Mod+K')
    expect(chordOf(press('k', { metaKey: true }), true)).toBe('Mod+K')
    expect(chordOf(press('K', { ctrlKey: true, shiftKey: true }), false)).toBe('Mod+Shift+K')
  })

  it('leaves Shift out where the character shows it', () => {
    expect(chordOf(press('?', { shiftKey: true, code: 'Slash' }), false)).toBe('?')
    expect(chordOf(press('F6', { shiftKey: true }), false)).toBe('Shift+F6')
    expect(chordOf(press(' '), false)).toBe('Space')
  })

  it('reads the letter of the key when another layout is used', () => {
    expect(chordOf(press('л', { code: 'KeyK', ctrlKey: true }), false)).toBe('Mod+K')
  })
})

describe('a chord of two keys', () => {
  it('is one when the second follows soon, and two keys otherwise', () => {
    let now = 0
    const read = createChordReader(() => now)
    const firsts = new Set(['g'])
    expect(read('g', firsts)).toBe('g')
    now += 200
    expect(read('f', firsts)).toBe('g f')
    expect(read('f', firsts)).toBe('f')
    read('g', firsts)
    now += chordPause
    expect(read('f', firsts)).toBe('f')
  })
})
