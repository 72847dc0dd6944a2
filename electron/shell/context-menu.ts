import { Menu, type ContextMenuParams, type WebContents } from 'electron'
import { contextMenuRoles } from './context-menu-roles.ts'

/** Gives text fields and selected text the menu that people expect; rows that have menus of their own never get here. */
export function offerContextMenu(contents: WebContents): void {
  contents.on('context-menu', (_event, params: ContextMenuParams) => {
    const roles = contextMenuRoles(params)
    if (roles.length > 0) Menu.buildFromTemplate(roles.map((role) => ({ role }))).popup()
  })
}
