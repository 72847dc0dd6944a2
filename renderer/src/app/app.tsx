import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClientProvider } from '@tanstack/react-query'
import { createHashHistory, type RouterHistory, RouterProvider } from '@tanstack/react-router'
import { StrictMode, useState } from 'react'
import type { AppState } from '../state/app-state.ts'
import { createQueryClient } from '../state/ask.ts'
import { AppStateContext } from '../state/use-app-state.ts'
import { createAppRouter } from './routes.tsx'

/** The whole page around a state; tests give a history in memory. */
export function App({ state, history = createHashHistory() }: { state: AppState; history?: RouterHistory }) {
  const [router] = useState(() => createAppRouter(history, state))
  const [queries] = useState(createQueryClient)
  return (
    <StrictMode>
      <CSPProvider disableStyleElements>
        <AppStateContext value={state}>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </AppStateContext>
      </CSPProvider>
    </StrictMode>
  )
}
