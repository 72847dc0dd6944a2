import type { Forward } from '../../../../contract/forwards.ts'

/** What commands on a forward can do; see use-forward-actions.ts. */
export type ForwardActions = {
  open(forward: Forward, tab?: 'ports' | 'history' | 'traffic' | 'output' | 'settings'): void
  start(forwards: readonly Forward[]): void
  stop(forwards: readonly Forward[]): void
  restart(forwards: readonly Forward[]): void
  /** Asks first where a cluster is in production; `done` runs when they are really removed. */
  remove(forwards: readonly Forward[], done?: () => void): void
  copyAddress(forward: Forward): void
  openInBrowser(forward: Forward): void
  duplicate(forward: Forward): void
}

/** One thing to do with a forward; row, menu, palette and keys page read this list. */
export type ForwardCommand = {
  id: string
  words: (forward: Pick<Forward, 'desired'>) => string
  /** What the keys page calls it. */
  general: string
  /** As key events name it. */
  key: string | null
  when: (forward: Forward) => boolean
  inPalette: boolean
  danger?: boolean
  run: (forward: Forward, actions: ForwardActions) => void
}

const always = (): boolean => true
const hasAddress = (forward: Forward): boolean => (forward.ports[0]?.local ?? 0) !== 0

export const forwardCommands: readonly ForwardCommand[] = [
  {
    id: 'toggle',
    words: ({ desired }) => (desired === 'on' ? 'Stop' : 'Start'),
    general: 'Start or stop',
    key: 's',
    when: always,
    inPalette: true,
    run: (forward, actions) => (forward.desired === 'on' ? actions.stop([forward]) : actions.start([forward])),
  },
  {
    id: 'restart',
    words: () => 'Restart',
    general: 'Restart (local ports stay)',
    key: 'r',
    when: ({ desired }) => desired === 'on',
    inPalette: true,
    run: (forward, actions) => actions.restart([forward]),
  },
  {
    id: 'copy',
    words: () => 'Copy address',
    general: 'Copy address',
    key: 'c',
    when: hasAddress,
    inPalette: true,
    run: (forward, actions) => actions.copyAddress(forward),
  },
  {
    id: 'browser',
    words: () => 'Open in browser',
    general: 'Open in browser',
    key: 'o',
    when: hasAddress,
    inPalette: true,
    run: (forward, actions) => actions.openInBrowser(forward),
  },
  {
    id: 'output',
    words: () => 'Show output',
    general: "Show kubectl's output",
    key: 'l',
    when: always,
    inPalette: false,
    run: (forward, actions) => actions.open(forward, 'output'),
  },
  {
    id: 'edit',
    words: () => 'Edit',
    general: 'Edit',
    key: 'e',
    when: always,
    inPalette: false,
    run: (forward, actions) => actions.open(forward, 'settings'),
  },
  {
    id: 'duplicate',
    words: () => 'Duplicate',
    general: 'Duplicate',
    key: 'd',
    when: always,
    inPalette: false,
    run: (forward, actions) => actions.duplicate(forward),
  },
  {
    id: 'remove',
    words: () => 'Remove',
    general: 'Remove (can be undone for 10 s)',
    key: 'Delete',
    when: always,
    inPalette: true,
    danger: true,
    run: (forward, actions) => actions.remove([forward]),
  },
]
