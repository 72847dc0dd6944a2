import { drop } from '../../../contract/drop.ts'
import { tellFailure } from '../components/toast-manager.ts'
import type { AppState } from '../state/app-state.ts'
import { ui } from './ui-store.ts'

/** Places a command can lead to. */
export type Place =
  '/clusters' | '/clusters/add' | '/forwards' | '/forwards/new' | '/diagnostics' | '/settings' | '/keys'

/** What a command may use. */
export type CommandContext = { go: (place: Place) => void; state: AppState }

/** One thing the person can do. Menu, palette, keys page and tooltips read this list; nobody writes a key twice. */
export type Command = {
  id: string
  words: string
  /** Chords as key-chords.ts writes them; the first one is shown. */
  keys: readonly string[]
  group: 'Pages' | 'Actions' | 'Window'
  when?: (context: CommandContext) => boolean
  run: (context: CommandContext) => void
}

const page = (id: Place, words: string, letter: string, digit?: number): Command => ({
  id: `page:${id}`,
  words: `Go to ${words}`,
  keys: [`g ${letter}`, ...(digit === undefined ? [] : [`Mod+${digit}`])],
  group: 'Pages',
  run: ({ go }) => go(id),
})

const setTheme =
  (theme: 'system' | 'light' | 'dark') =>
  ({ state }: CommandContext): void =>
    drop(
      state.client.settings.update({ theme }).then((result) => (result.ok ? undefined : tellFailure(result.error))),
      'the settings stream shows the outcome',
    )

export const commands: readonly Command[] = [
  page('/clusters', 'Clusters', 'c', 1),
  page('/forwards', 'Port-forwards', 'p', 2),
  page('/diagnostics', 'Diagnostics', 'd', 3),
  { ...page('/settings', 'Settings', 's', 4), keys: ['g s', 'Mod+,', 'Mod+4'] },
  { id: 'forward:new', words: 'New forward', keys: ['g n'], group: 'Actions', run: ({ go }) => go('/forwards/new') },
  { id: 'clusters:add', words: 'Add clusters', keys: ['g a'], group: 'Actions', run: ({ go }) => go('/clusters/add') },
  {
    id: 'vault:lock',
    words: 'Lock the vault',
    keys: [],
    group: 'Actions',
    when: ({ state }) => {
      const vault = state.vault.getState().value
      return vault?.state === 'unlocked' && vault.provider !== 'memory'
    },
    run: ({ state }) =>
      drop(
        state.client.vault.lock().then((result) => (result.ok ? undefined : tellFailure(result.error))),
        'the vault stream shows the outcome',
      ),
  },
  { id: 'theme:dark', words: 'Use the dark theme', keys: [], group: 'Window', run: setTheme('dark') },
  { id: 'theme:light', words: 'Use the light theme', keys: [], group: 'Window', run: setTheme('light') },
  { id: 'theme:system', words: "Use the system's theme", keys: [], group: 'Window', run: setTheme('system') },
  {
    id: 'palette',
    words: 'Search or run a command',
    keys: ['Mod+K'],
    group: 'Window',
    run: () => ui.setState(({ open }) => ({ open: open === 'palette' ? null : 'palette' })),
  },
  {
    id: 'switcher',
    words: 'Switch cluster',
    keys: ['Mod+Shift+K'],
    group: 'Window',
    run: () => ui.setState({ open: 'switcher' }),
  },
  { id: 'region:next', words: 'Next region', keys: ['F6'], group: 'Window', run: () => moveRegion(1) },
  { id: 'region:previous', words: 'Previous region', keys: ['Shift+F6'], group: 'Window', run: () => moveRegion(-1) },
  { id: 'back', words: 'Go back', keys: ['Alt+ArrowLeft'], group: 'Window', run: () => history.back() },
  { id: 'forward', words: 'Go forward', keys: ['Alt+ArrowRight'], group: 'Window', run: () => history.forward() },
  { id: 'keys', words: 'Show all keys', keys: ['?'], group: 'Window', run: ({ go }) => go('/keys') },
]

const focusable = 'a[href], button, input, select, textarea, [tabindex="0"]'

/** Moves the focus to the next landmark that is on screen; back to where it was inside it, if that is known. */
function moveRegion(step: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (region) => region.offsetParent !== null || region.getClientRects().length > 0,
  )
  const at = regions.findIndex((region) => region.contains(document.activeElement))
  const start = at === -1 ? (step === 1 ? -1 : 0) : at
  const region = regions[(start + step + regions.length) % regions.length]
  const target = region?.querySelector<HTMLElement>('[tabindex="0"]') ?? region?.querySelector<HTMLElement>(focusable)
  ;(target ?? region)?.focus()
}
