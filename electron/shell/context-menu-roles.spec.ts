import { describe, expect, it } from 'vitest'
import { contextMenuRoles, type ClickedText } from './context-menu-roles.ts'

const clicked = (isEditable: boolean, selectionText: string): ClickedText => ({
  isEditable,
  selectionText,
  editFlags: { canCut: true, canCopy: true, canPaste: true, canSelectAll: true },
})

describe('the menu of the right mouse button', () => {
  it('pastes into a field', () => {
    expect(contextMenuRoles(clicked(true, ''))).toEqual(['paste', 'selectAll'])
    expect(contextMenuRoles(clicked(true, 'text'))).toEqual(['cut', 'copy', 'paste', 'selectAll'])
  })

  it('copies selected words, and is not there without any', () => {
    expect(contextMenuRoles(clicked(false, 'text'))).toEqual(['copy'])
    expect(contextMenuRoles(clicked(false, ' '))).toEqual([])
  })
})
