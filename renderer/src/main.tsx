import './app/configure-zod.ts'
import './app/tokens.css'
import './app/base.css'
import { createRoot } from 'react-dom/client'
import { App } from './app/app.tsx'
import { Refused } from './app/refused.tsx'
import { applyRememberedAppearance } from './app/use-appearance.ts'
import { tellFailure } from './components/toast-manager.ts'
import { createAppState } from './state/app-state.ts'
import { chooseConnection } from './state/connection.ts'
import { hasToken, openSession, takeToken } from './state/session.ts'

applyRememberedAppearance()
const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no #root')
const root = createRoot(place)

// A new token at the same host and port changes only what stands after the `#`: the browser loads nothing for it, and the
// router, which listens after us, would take it for a page that is not there.
addEventListener('popstate', (event) => {
  if (!hasToken(location)) return
  event.stopImmediatePropagation()
  location.reload()
})
const token = takeToken(location, history)
const session = token === null ? null : await openSession(token)
const connection = chooseConnection()
const first = await connection.transport.call('app.status', {})

// Too many wrong tokens, another host name: without a session there is nothing else to show.
if (session?.ok === false) root.render(<Refused error={session.error} />)
else if (!first.ok && first.error.code === 'unauthenticated') root.render(<Refused error={first.error} />)
else root.render(<App state={createAppState(connection, tellFailure)} />)
