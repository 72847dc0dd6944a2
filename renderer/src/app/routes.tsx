import {
  createRootRoute,
  createRoute,
  createRouter,
  type RouterHistory,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import { z } from 'zod'
import { ForwardState, TargetKind } from '../../../contract/forwards.ts'
import type { AppState } from '../state/app-state.ts'
import { PageFailure } from './page-failure.tsx'
import { Shell } from './shell.tsx'

const text = z.string().optional().catch(undefined)

const ClustersSearch = z.object({
  q: text,
  // Not `tab`, as of a forward: the router takes one name for one thing wherever the rest of a search is carried over.
  part: z.enum(['overview', 'connection', 'credentials', 'notes']).optional().catch(undefined),
})
const ForwardsSearch = z.object({
  q: text,
  state: z.array(ForwardState).optional().catch(undefined),
  tab: z.enum(['ports', 'history', 'traffic', 'output', 'settings']).optional().catch(undefined),
  // What a new forward begins with.
  cluster: text,
  namespace: text,
  kind: TargetKind.optional().catch(undefined),
  target: text,
  copy: text,
})

const root = createRootRoute({ component: Shell, errorComponent: PageFailure })

const start = (state: AppState) =>
  createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      const { loaded, items } = state.forwards.getState()
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router's way to lead elsewhere
      throw redirect({ to: loaded && items.size > 0 ? '/forwards' : '/clusters', replace: true })
    },
  })

const clusters = createRoute({
  getParentRoute: () => root,
  path: '/clusters',
  validateSearch: ClustersSearch,
  component: lazyRouteComponent(() => import('../pages/clusters/clusters-page.tsx'), 'ClustersPage'),
})
const cluster = createRoute({
  getParentRoute: () => clusters,
  path: '$clusterId',
  component: lazyRouteComponent(() => import('../pages/clusters/cluster-detail.tsx'), 'ClusterDetail'),
})
const addClusters = createRoute({
  getParentRoute: () => root,
  path: '/clusters/add',
  validateSearch: z.object({ from: z.literal('default').optional().catch(undefined) }),
  component: lazyRouteComponent(() => import('../pages/add-clusters/add-clusters-page.tsx'), 'AddClustersPage'),
})
const forwards = createRoute({
  getParentRoute: () => root,
  path: '/forwards',
  validateSearch: ForwardsSearch,
  component: lazyRouteComponent(() => import('../pages/forwards/forwards-page.tsx'), 'ForwardsPage'),
})
const newForward = createRoute({
  getParentRoute: () => forwards,
  path: 'new',
  component: lazyRouteComponent(() => import('../pages/forwards/new-forward.tsx'), 'NewForward'),
})
const forward = createRoute({
  getParentRoute: () => forwards,
  path: '$forwardId',
  component: lazyRouteComponent(() => import('../pages/forwards/forward-detail.tsx'), 'ForwardDetail'),
})
const diagnostics = createRoute({
  getParentRoute: () => root,
  path: '/diagnostics',
  component: lazyRouteComponent(() => import('../pages/diagnostics/diagnostics-page.tsx'), 'DiagnosticsPage'),
})
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../pages/settings/settings-page.tsx'), 'SettingsPage'),
})
const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  component: lazyRouteComponent(() => import('../pages/keys/keys-page.tsx'), 'KeysPage'),
})

/** All addresses of the page. They live behind the `#`, so they mean the same from the desktop and from a host. */
export function createAppRouter(history: RouterHistory, state: AppState) {
  return createRouter({
    history,
    routeTree: root.addChildren([
      start(state),
      clusters.addChildren([cluster]),
      addClusters,
      forwards.addChildren([newForward, forward]),
      diagnostics,
      settings,
      keys,
    ]),
    defaultErrorComponent: PageFailure,
    defaultPendingMs: 300,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
