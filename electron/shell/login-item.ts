import { homedir } from 'node:os'
import { join } from 'node:path'
import { app } from 'electron'
import { autostartEntry } from './autostart-entry.ts'
import { keepAutostartFile } from './autostart-file.ts'

/**
 * Makes the system start Mooring with this data folder when the user logs in, or no longer. Throws where the place of
 * the entry cannot be written.
 */
export function applyStartAtLogin(wanted: boolean, dataDir: string | null): void {
  // From a checkout the running program is Electron itself, which needs to be told what to run.
  const application = app.isPackaged ? [] : [app.getAppPath()]
  const args = [...application, '--hidden', ...(dataDir === null ? [] : [`--data-dir=${dataDir}`])]
  if (process.platform !== 'linux') {
    // Some systems tell the user of every change, even of one to what was so already.
    if (app.getLoginItemSettings({ args }).openAtLogin === wanted) return
    app.setLoginItemSettings({ openAtLogin: wanted, args })
    return
  }
  const folder = join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'autostart')
  // In an AppImage the running file is a mount that is gone at the next login.
  const program = process.env.APPIMAGE ?? process.execPath
  keepAutostartFile(folder, wanted ? autostartEntry([program, ...args]) : null)
}
