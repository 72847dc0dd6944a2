export type EditRole = 'cut' | 'copy' | 'paste' | 'selectAll'

/** What was clicked on, as Electron tells it. */
export type ClickedText = {
  isEditable: boolean
  selectionText: string
  editFlags: { canCut: boolean; canCopy: boolean; canPaste: boolean; canSelectAll: boolean }
}

/** The editing commands that make sense there; none: no menu. Pure. */
export function contextMenuRoles({ isEditable, selectionText, editFlags }: ClickedText): EditRole[] {
  const selected = selectionText.trim() !== ''
  if (!isEditable) return selected ? ['copy'] : []
  const roles: EditRole[] = []
  if (selected && editFlags.canCut) roles.push('cut')
  if (selected && editFlags.canCopy) roles.push('copy')
  if (editFlags.canPaste) roles.push('paste')
  if (editFlags.canSelectAll) roles.push('selectAll')
  return roles
}
