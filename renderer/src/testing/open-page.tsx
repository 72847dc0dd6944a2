import '../app/configure-zod.ts'
import '../app/tokens.css'
import '../app/base.css'
import { createMemoryHistory } from '@tanstack/react-router'
import { createRoot } from 'react-dom/client'
import { onTestFinished } from 'vitest'
import { App } from '../app/app.tsx'
import { ui } from '../app/ui-store.ts'
import { commandQuestion } from '../pages/clusters/command-question.ts'
import { removeQuestion } from '../pages/forwards/remove-question.ts'
import { tellFailure } from '../components/toast-manager.ts'
import { createAppState } from '../state/app-state.ts'
import type { Connection } from '../state/connection.ts'
import { FakeOwner } from './fake-owner.ts'
import type { World } from './world.ts'

/** Draws the whole app at an address, around an owner in memory that the spec can speak through. */
export function openPage(world: World, address: string, kind?: Connection['kind']): FakeOwner {
  localStorage.clear()
  ui.setState({ open: null, vaultSkipped: false })
  removeQuestion.setState({ open: null })
  commandQuestion.setState({ clusterId: null })
  const owner = new FakeOwner(world)
  const state = createAppState(owner.connection(kind), tellFailure)
  const place = document.createElement('div')
  place.id = 'root'
  document.body.append(place)
  const root = createRoot(place)
  root.render(<App state={state} history={createMemoryHistory({ initialEntries: [address] })} />)
  onTestFinished(() => {
    root.unmount()
    state.close()
    place.remove()
  })
  return owner
}

/** Inputs that an operation was called with, oldest first. */
export const callsOf = (owner: FakeOwner, name: FakeOwner['calls'][number]['name']): unknown[] =>
  owner.calls.filter((call) => call.name === name).map(({ input }) => input)
