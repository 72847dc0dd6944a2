import '../app/configure-zod.ts'
import '../app/tokens.css'
import '../app/base.css'
import { createRoot } from 'react-dom/client'
import { App } from '../app/app.tsx'
import { ui } from '../app/ui-store.ts'
import { tellFailure } from '../components/toast-manager.ts'
import { createAppState } from '../state/app-state.ts'
import { busyWorld } from './busy-world.ts'
import { crowdedWorld, manyWorld } from './crowded-worlds.ts'
import { FakeOwner } from './fake-owner.ts'
import { troubles } from './troubled-worlds.ts'
import { emptyWorld } from './world.ts'

// `testing.html?world=busy&theme=dark#/forwards`: the real pages around an owner in memory, for pictures and by hand.
const options = new URLSearchParams(location.search)
const worlds = { empty: emptyWorld, busy: busyWorld, crowded: crowdedWorld, many: () => manyWorld(10_000) }
const world = worlds[(options.get('world') ?? 'busy') as keyof typeof worlds]()
const theme = options.get('theme')
if (theme === 'light' || theme === 'dark') world.settings.theme = theme
if (options.get('density') === 'comfortable') world.settings.density = 'comfortable'
const vault = options.get('vault')
if (vault === 'locked' || vault === 'not-set-up' || vault === 'undecryptable') {
  world.vault = { ...world.vault, state: vault, provider: vault === 'not-set-up' ? null : 'passphrase' }
}
for (const [name, befall] of Object.entries(troubles)) if (options.has(name)) befall(world)

const owner = new FakeOwner(world)
const state = createAppState(owner.connection(), tellFailure)
Object.assign(globalThis, { owner, ui })
if (options.has('lost'))
  owner.setConnection({
    state: 'lost',
    error: { code: 'owner-lost', message: 'Mooring does not answer.', next: '' },
    retryAt: Date.now() + 4000,
  })
// Traffic that moves.
setInterval(() => {
  for (const forward of owner.world.forwards.slice(0, 100)) {
    if (forward.state !== 'live' || forward.observed.connections === 0) continue
    const more = Math.round(
      20_000 * (1 + Math.sin(Date.now() / 3000 + forward.ports.length)) * forward.observed.connections,
    )
    owner.forward(forward.id, {
      observed: {
        ...forward.observed,
        bytesIn: forward.observed.bytesIn + more,
        bytesOut: forward.observed.bytesOut + more / 9,
      },
    })
  }
}, 1000)

const place = document.getElementById('root')
if (place !== null) createRoot(place).render(<App state={state} />)
