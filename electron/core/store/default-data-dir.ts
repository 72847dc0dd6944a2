import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where Mooring keeps its data for this user: the place each system has for it. */
export function defaultDataDir(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Mooring')
  if (platform === 'win32') return join(environment.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'Mooring')
  const base = environment.XDG_DATA_HOME
  // The XDG specification: a relative path there is to be ignored.
  return join(base?.startsWith('/') === true ? base : join(home, '.local', 'share'), 'mooring')
}
