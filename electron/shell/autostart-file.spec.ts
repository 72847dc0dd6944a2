import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../core/temporary-folder.testing.ts'
import { autostartEntry } from './autostart-entry.ts'
import { keepAutostartFile } from './autostart-file.ts'

const entry = (program: string): string => autostartEntry([program, '--hidden'])

describe('the entry that starts Mooring at login', () => {
  it('is made with its folder, and removed when it is not wanted', () => {
    const folder = join(temporaryFolder(), 'config', 'autostart')
    keepAutostartFile(folder, null)
    keepAutostartFile(folder, entry('/opt/Mooring.AppImage'))
    const path = join(folder, 'mooring.desktop')
    expect(readFileSync(path, 'utf8')).toBe(entry('/opt/Mooring.AppImage'))
    keepAutostartFile(folder, null)
    expect(existsSync(path)).toBe(false)
  })

  it('is not written again when it says so already', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'mooring.desktop')
    keepAutostartFile(folder, entry('/opt/Mooring.AppImage'))
    utimesSync(path, 1, 1)
    keepAutostartFile(folder, entry('/opt/Mooring.AppImage'))
    expect(statSync(path).mtimeMs).toBe(1000)
  })

  it('is put right when the program has moved', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'mooring.desktop')
    writeFileSync(path, entry('/home/sam/Downloads/Mooring-0.1.AppImage'))
    keepAutostartFile(folder, entry('/opt/Mooring.AppImage'))
    expect(readFileSync(path, 'utf8')).toBe(entry('/opt/Mooring.AppImage'))
  })
})
