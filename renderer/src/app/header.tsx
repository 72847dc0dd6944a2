import { useRouterState } from '@tanstack/react-router'
import { Monitor, Moon, Search, Sun } from 'lucide-react'
import { lazy, Suspense } from 'react'
import { drop } from '../../../contract/drop.ts'
import { buttonClass, IconButton } from '../components/button.tsx'
import { classNames } from '../components/class-names.ts'
import { clusterColour, markClass } from '../components/environment.tsx'
import { Keys } from '../components/keys.tsx'
import { tellFailure } from '../components/toast-manager.ts'
import { useActiveCluster } from '../state/active-cluster.ts'
import { useClient, useCluster, useForward, useSettings } from '../state/use-app-state.ts'
import { BrandMark } from './brand.tsx'
import { SwitcherLabel } from './switcher-label.tsx'
import styles from './shell.module.css'
import { ui } from './ui-store.ts'

const ClusterSwitcher = lazy(() =>
  import('./cluster-switcher.tsx').then(({ ClusterSwitcher: part }) => ({ default: part })),
)

const pages: Readonly<Record<string, string>> = {
  clusters: 'Clusters',
  forwards: 'Port-forwards',
  diagnostics: 'Diagnostics',
  settings: 'Settings',
  keys: 'Keys',
}

/** Where we are: the page, and the thing that is open in it. */
function Breadcrumb() {
  const [page = '', item = ''] = useRouterState({ select: ({ location }) => location.pathname })
    .slice(1)
    .split('/')
  const cluster = useCluster(page === 'clusters' ? item : null)
  const forward = useForward(page === 'forwards' ? item : '')
  const name = { add: 'Add clusters', new: 'New forward' }[item] ?? cluster?.name ?? forward?.name
  return (
    <ol className={styles.breadcrumb} aria-label="Where you are">
      <li>{pages[page] ?? ''}</li>
      {name !== undefined && <li aria-current="page">{name}</li>}
    </ol>
  )
}

function ThemeButton() {
  const client = useClient()
  const theme = useSettings()?.theme ?? 'system'
  const next = ({ system: 'light', light: 'dark', dark: 'system' } as const)[theme]
  const Icon = { system: Monitor, light: Sun, dark: Moon }[theme]
  return (
    <IconButton
      label={`Theme: ${theme}. Change to ${next}`}
      onClick={() =>
        drop(
          client.settings.update({ theme: next }).then((result) => (result.ok ? undefined : tellFailure(result.error))),
          'the settings stream shows the outcome',
        )
      }
    >
      <Icon aria-hidden size={16} />
    </IconButton>
  )
}

export function Header() {
  const cluster = useActiveCluster().cluster
  return (
    <header
      className={classNames(styles.header, cluster === null ? null : markClass(clusterColour(cluster)))}
      data-region="header"
    >
      <span className={styles.brand}>
        <BrandMark />
        <span className={styles.brandWord}>Mooring</span>
      </span>
      <Suspense
        fallback={
          <button type="button" className={buttonClass('quiet', styles.switcher)}>
            <span className="visually-hidden">Active cluster: </span>
            <SwitcherLabel cluster={cluster} />
          </button>
        }
      >
        <ClusterSwitcher />
      </Suspense>
      <Breadcrumb />
      <button type="button" className={styles.search} onClick={() => ui.setState({ open: 'palette' })}>
        <Search aria-hidden size={14} />
        <span className={styles.searchWords}>Search or run a command</span>
        <Keys keys="Mod+K" />
      </button>
      <ThemeButton />
    </header>
  )
}
