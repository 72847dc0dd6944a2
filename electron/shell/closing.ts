import { assertNever } from '../../contract/assert-never.ts'
import type { Settings } from '../../contract/system.ts'

/** What happens when the user closes the window. */
export type Closing = 'quit' | 'hide' | 'minimize' | 'ask'

/**
 * Whether a tray that was made is surely seen. On Linux it is not: desktops without a tray host swallow the icon and
 * nobody tells us.
 */
export const trayIsSure = (made: boolean, platform: NodeJS.Platform): boolean => made && platform !== 'linux'

/** Keeping on without a window: hidden only where the tray is a sure way back, else minimized. */
export const outOfTheWay = (trayIsSure: boolean): 'hide' | 'minimize' => (trayIsSure ? 'hide' : 'minimize')

/** What closing the window does by the user's wish; before the settings are known the user is asked. Pure. */
export function closingOf(wish: Settings['onWindowClose'] | null, trayIsSure: boolean): Closing {
  switch (wish) {
    case 'quit':
      return 'quit'
    case 'keep-running':
      return outOfTheWay(trayIsSure)
    case 'ask':
    case null:
      return 'ask'
    default:
      return assertNever(wish)
  }
}
