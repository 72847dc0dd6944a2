import { Menu, type MenuItemConstructorOptions } from 'electron'

export type MenuActions = { show: () => void; quit: () => void; openDocumentation: () => void }

/** The native menu: what every desktop program has; the app's own commands live in its palette. */
export function setApplicationMenu(actions: MenuActions): void {
  const mac = process.platform === 'darwin'
  const template: MenuItemConstructorOptions[] = [
    {
      label: mac ? 'Mooring' : 'File',
      submenu: [
        ...(mac ? [{ role: 'about' } as const, { type: 'separator' } as const] : []),
        { label: 'Show Window', accelerator: 'CmdOrCtrl+0', click: actions.show },
        { type: 'separator' },
        { label: 'Quit Mooring', accelerator: 'CmdOrCtrl+Q', click: actions.quit },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { label: 'Actual Size', role: 'resetZoom', accelerator: 'CmdOrCtrl+Alt+0' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    { role: 'help', submenu: [{ label: 'About kubectl port-forward', click: actions.openDocumentation }] },
  ]
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
}
