import { describe, expect, it } from 'vitest'
import { busyWorld } from './busy-world.ts'
import { crowdedWorld } from './crowded-worlds.ts'
import { isSaid } from './said-by-the-product.ts'
import { troubles } from './troubled-worlds.ts'
import { emptyWorld, type World } from './world.ts'

type Words = { readonly message: string; readonly next: string | null }

/** Everything in a world that the owner would have put into words. */
function wordsIn(world: World): Words[] {
  const said = (message: string | null): Words[] =>
    message === null || message === '' ? [] : [{ message, next: null }]
  const steps = [world.test, ...world.tests.values()].flatMap(({ steps }) => steps)
  return [
    ...world.forwards.flatMap(({ cause }) => cause ?? []),
    ...world.clusters.flatMap(({ status }) => status.cause ?? []),
    ...steps.filter(({ detail }) => detail !== '').map(({ detail, next }) => ({ message: detail, next })),
    ...world.preview.contexts.flatMap(({ risks }) => risks),
    // The check of kubectl says a path and a version: no words.
    ...world.diagnostics.checks.filter(({ id }) => id !== 'kubectl'),
    ...world.history.entries.flatMap(({ message }) => said(message)),
    ...[...world.takenPorts.values()].flatMap(({ message }) => said(message)),
    ...world.kubectl.found.flatMap(({ problem }) => said(problem)),
    ...world.kubectl.skew.flatMap(({ message }) => said(message)),
    ...said(world.access?.reason ?? null),
    ...said(world.vault.keychain.reason),
    ...said(world.app.storage.problem),
  ].map(({ message, next }) => ({ message, next }))
}

const troubled = (befall: (world: World) => void): World => {
  const world = busyWorld()
  befall(world)
  return world
}

describe('what is pictured and kept as it is heard', () => {
  const worlds: Readonly<Record<string, () => World>> = {
    'the first start': emptyWorld,
    'a day at work': busyWorld,
    'a crowd': crowdedWorld,
    ...Object.fromEntries(Object.entries(troubles).map(([name, befall]) => [name, () => troubled(befall)])),
  }
  it.each(Object.keys(worlds))('is said by the product itself: %s', (name) => {
    const words = wordsIn(worlds[name]?.() ?? emptyWorld())
    expect(words.filter(({ message, next }) => !isSaid(message, next))).toEqual([])
  })

  it('would be told apart from words of its own', () => {
    expect(isSaid('Its pod was replaced.', null)).toBe(false)
    const next = 'Look at the logs of the pod.'
    expect(isSaid('The pod web-0 crashes again and again (CrashLoopBackOff).', null)).toBe(true)
    expect(isSaid('The pod web-0 crashes again and again (CrashLoopBackOff).', next)).toBe(false)
  })
})
