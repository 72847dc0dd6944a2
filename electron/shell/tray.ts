import { clipboard, Menu, nativeImage, Tray, type MenuItemConstructorOptions } from 'electron'
import type { Transport } from '../../contract/client.ts'
import { drop } from '../../contract/drop.ts'
import type { TrayLine, TrayView } from './tray-view.ts'

export type TrayOptions = { icon: string; transport: Transport; show: () => void; quit: () => void }

export type MooringTray = { update(view: TrayView): void; destroy(): void }

/** Shows the tray; null where the system refuses one. */
export function createTray(options: TrayOptions): MooringTray | null {
  let tray: Tray
  try {
    tray = new Tray(nativeImage.createFromPath(options.icon).resize({ width: 22, height: 22 }))
  } catch {
    return null
  }
  tray.on('click', options.show)
  let shown = ''
  return {
    update(view) {
      // A menu that is replaced while it is open closes under the pointer; traffic alone must not do that.
      const next = JSON.stringify(view)
      if (next === shown) return
      shown = next
      tray.setToolTip(view.tip)
      tray.setContextMenu(Menu.buildFromTemplate(template(view, options)))
    },
    destroy: () => tray.destroy(),
  }
}

function template(view: TrayView, options: TrayOptions): MenuItemConstructorOptions[] {
  return [
    { label: 'Show Mooring', click: options.show },
    { type: 'separator' },
    ...view.lines.map((line) => ({ label: line.label, submenu: submenu(line, options.transport) })),
    ...(view.note === null ? [] : [{ label: view.note, enabled: false }]),
    { type: 'separator' },
    { label: 'Quit Mooring', click: options.quit },
  ]
}

function submenu({ id, addresses, why, desired }: TrayLine, transport: Transport): MenuItemConstructorOptions[] {
  const verb = desired === 'on' ? 'stop' : 'start'
  return [
    ...(why === null ? [] : [{ label: why, enabled: false }]),
    ...addresses.map((address) => ({ label: `Copy ${address}`, click: () => clipboard.writeText(address) })),
    {
      label: verb === 'stop' ? 'Stop' : 'Start',
      click: () => drop(transport.call(`forwards.${verb}`, { id }), 'the line shows the outcome'),
    },
  ]
}
