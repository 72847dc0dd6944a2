import type { ConnectionState } from '../../contract/client.ts'
import type { Forward } from '../../contract/forwards.ts'
import { addressOf } from '../../contract/local-address.ts'

/** One forward in the tray's menu. */
export type TrayLine = {
  id: string
  label: string
  /** Addresses to copy. */
  addresses: string[]
  /** Why it is not live, if there is a reason. */
  why: string | null
  desired: Forward['desired']
}

export type TrayView = { tip: string; lines: TrayLine[]; note: string | null }

/** The shapes of the states, in characters that a native menu can show. */
const shapes: Readonly<Record<Forward['state'], string>> = {
  off: '○',
  starting: '◌',
  live: '●',
  recovering: '↻',
  holding: '■',
  stopping: '⊖',
}

/** A menu longer than a screen helps nobody; the window has them all. */
const mostForwards = 30

function lineOf(forward: Forward): TrayLine {
  const addresses = forward.ports.map(({ bind, local }) => addressOf(bind, local))
  return {
    id: forward.id,
    label: `${shapes[forward.state]} ${forward.name} · ${forward.state} · ${addresses.join(', ')}`,
    addresses,
    why: forward.state === 'live' || forward.state === 'off' ? null : (forward.cause?.message ?? null),
    desired: forward.desired,
  }
}

function tipOf(forwards: readonly Forward[]): string {
  const wanted = forwards.filter((forward) => forward.desired === 'on')
  const live = wanted.filter((forward) => forward.state === 'live').length
  if (wanted.length === 0) return 'Mooring: nothing is forwarded'
  return `Mooring: ${live} of ${wanted.length} ${wanted.length === 1 ? 'forward' : 'forwards'} live`
}

/** What the tray shows. While nobody answers it claims nothing: what was live may be live no more. Pure. */
export function trayView(forwards: readonly Forward[], connection: ConnectionState['state']): TrayView {
  if (connection === 'lost')
    return { tip: 'Mooring does not answer', lines: [], note: 'Mooring does not answer; trying again' }
  const shown = [...forwards].sort((a, b) => a.name.localeCompare(b.name)).slice(0, mostForwards)
  const left = forwards.length - shown.length
  const note = left > 0 ? `${left} more in the window` : shown.length === 0 ? 'Nothing is forwarded' : null
  return { tip: tipOf(forwards), lines: shown.map(lineOf), note }
}
