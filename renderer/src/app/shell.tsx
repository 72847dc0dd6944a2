import { Outlet, useRouter } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import { useStore } from 'zustand'
import { drop } from '../../../contract/drop.ts'
import { commandQuestion } from '../pages/clusters/command-question.ts'
import { removeQuestion } from '../pages/forwards/remove-question.ts'
import { useAppState, useConnection, useSettings } from '../state/use-app-state.ts'
import type { CommandContext } from './commands.ts'
import { Header } from './header.tsx'
import { NoticeBars } from './notice-bars.tsx'
import { Refused } from './refused.tsx'
import styles from './shell.module.css'
import { Sidebar } from './sidebar.tsx'
import { StatusBar } from './status-bar.tsx'
import { useUi } from './ui-store.ts'
import { useAppearance } from './use-appearance.ts'
import { useKeptFocus } from './use-kept-focus.ts'
import { useKeyboard } from './use-keyboard.ts'
import { VaultGate } from './vault-gate.tsx'

const loadPalette = () => import('./palette.tsx')
const Palette = lazy(() => loadPalette().then(({ Palette: part }) => ({ default: part })))
const RemoveForwards = lazy(() =>
  import('../pages/forwards/remove-forwards.tsx').then(({ RemoveForwards: part }) => ({ default: part })),
)
const CommandDialog = lazy(() =>
  import('../pages/clusters/command-dialog.tsx').then(({ CommandDialog: part }) => ({ default: part })),
)
const Toasts = lazy(() => import('../components/toasts.tsx').then(({ Toasts: part }) => ({ default: part })))

/** The frame around every page. */
export function Shell() {
  const state = useAppState()
  const router = useRouter()
  const settings = useSettings()
  const paletteOpen = useUi(({ open }) => open === 'palette')
  const asksToRemove = useStore(removeQuestion, ({ open }) => open !== null)
  const looksAtCommand = useStore(commandQuestion, ({ clusterId }) => clusterId !== null)
  const context = useMemo<CommandContext>(
    () => ({ state, go: (to) => drop(router.navigate({ to }), 'the router shows what it leads to') }),
    [state, router],
  )
  useAppearance(settings)
  useEffect(() => {
    // Loaded while nobody waits for it: the first keys after Ctrl+K must not be lost.
    const idle = requestIdleCallback(() => drop(loadPalette(), 'it is loaded again when it is opened'))
    return () => cancelIdleCallback(idle)
  }, [])
  useKeptFocus()
  useKeyboard(context, settings?.singleKeyShortcuts ?? true)
  const { refused } = useConnection()
  if (refused !== null) return <Refused error={refused} />
  return (
    <div className={styles.shell}>
      <Header />
      <Sidebar />
      <div className={styles.middle}>
        <NoticeBars />
        <main className={styles.main} data-region="main" tabIndex={-1}>
          <VaultGate>
            <Suspense>
              <Outlet />
            </Suspense>
          </VaultGate>
        </main>
      </div>
      <StatusBar />
      <Suspense>
        {paletteOpen && <Palette context={context} />}
        {asksToRemove && <RemoveForwards />}
        {looksAtCommand && <CommandDialog />}
        <Toasts />
      </Suspense>
    </div>
  )
}
