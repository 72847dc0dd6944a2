import { describe, expect, it } from 'vitest'
import { autostartEntry } from './autostart-entry.ts'

const execOf = (command: string[]): string | undefined => /^Exec=(.*)$/m.exec(autostartEntry(command))?.[1]

describe('the autostart entry', () => {
  it('starts the program out of the way', () => {
    expect(execOf(['/opt/Mooring/mooring', '--hidden'])).toBe('"/opt/Mooring/mooring" "--hidden"')
  })

  it('keeps words whole that hold blanks, quotes, dollars and percent signs', () => {
    expect(execOf(['/home/a b/Mooring 100%.AppImage'])).toBe('"/home/a b/Mooring 100%%.AppImage"')
    expect(execOf(['/x/"$HOME"`'])).toBe('"/x/\\\\"\\\\$HOME\\\\"\\\\`"')
  })
})
