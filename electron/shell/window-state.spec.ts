import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readWindowState, saveWindowState } from './window-state.ts'

const folder = mkdtempSync(join(tmpdir(), 'mooring-window-state-'))
afterAll(() => rmSync(folder, { recursive: true }))

const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }]
const usual = { x: null, y: null, width: 1280, height: 800, maximized: false }
const saved = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('the place of the window', () => {
  it('is where it was', () => {
    const path = join(folder, 'new', 'state.json')
    const state = { x: 100, y: 50, width: 900, height: 700, maximized: true }
    saveWindowState(path, state)
    expect(readWindowState(path, screens)).toEqual(state)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(state)
  })

  it('is left to the system when its screen is gone; its size stays', () => {
    const path = saved('gone.json', JSON.stringify({ x: 2500, y: 50, width: 900, height: 700, maximized: false }))
    expect(readWindowState(path, screens)).toEqual({ x: null, y: null, width: 900, height: 700, maximized: false })
  })

  it('is the usual one when nothing or nonsense was saved', () => {
    expect(readWindowState(join(folder, 'missing.json'), screens)).toEqual(usual)
    expect(readWindowState(saved('half.json', '{"x": 1,'), screens)).toEqual(usual)
    const tiny = saved('tiny.json', JSON.stringify({ x: 0, y: 0, width: 3, height: 3, maximized: false }))
    expect(readWindowState(tiny, screens)).toEqual(usual)
  })
})
