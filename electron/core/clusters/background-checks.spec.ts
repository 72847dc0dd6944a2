import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import {
  awayLooks,
  BackgroundChecks,
  lookEveryMs,
  type LookResult,
  type Need,
  nextLookMs,
} from './background-checks.ts'

/** Lets promises that are settled go on. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 400; turn += 1) await Promise.resolve()
}

function start(
  result: (id: string) => LookResult | Promise<LookResult>,
  need: (id: string) => Need = () => 'looked-at',
): {
  clock: FakeClock
  checks: BackgroundChecks
  looks: string[]
  pass: (ms: number) => Promise<void>
} {
  const clock = new FakeClock()
  const looks: string[] = []
  const checks = new BackgroundChecks({
    clock,
    random: () => 0.5,
    need,
    look: async (id) => {
      looks.push(id)
      checks.noticed(id, await result(id))
    },
  })
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      clock.advance(1_000)
      await settle()
    }
  }
  return { clock, checks, looks, pass }
}

describe('looks in the background', () => {
  it('happen only for clusters that somebody touched', async () => {
    const { checks, looks, pass } = start(() => 'well')
    await pass(120_000)
    expect(looks).toEqual([])
    checks.touch('a')
    await pass(1_000)
    expect(looks).toEqual(['a'])
  })

  it('come every half minute while all is well, however often the cluster is touched', async () => {
    const { checks, looks, pass } = start(() => 'well')
    for (let minute = 0; minute < 5; minute += 1) {
      checks.touch('a')
      await pass(60_000)
    }
    expect(looks.length).toBeGreaterThanOrEqual(9)
    expect(looks.length).toBeLessThanOrEqual(11)
  })

  it('become rare for a dead cluster, and usual again when it lives', async () => {
    let alive = false
    const { checks, looks, pass } = start(() => (alive ? 'well' : 'away'))
    checks.touch('a')
    await pass(3_600_000)
    expect(looks.length).toBeLessThanOrEqual(18)
    alive = true
    await pass(300_000)
    looks.length = 0
    await pass(300_000)
    expect(looks.length).toBeGreaterThanOrEqual(9)
  })

  it('go on every few seconds for one that forwards wait for, and find it back within a twentieth of its outage', async () => {
    for (const outageMs of [10_000, 60_000, 120_000, 240_000, 3_600_000]) {
      let alive = true
      const { checks, looks, pass, clock } = start(
        () => (alive ? 'well' : 'away'),
        () => 'waited-for',
      )
      checks.touch('a')
      await pass(1_000)
      alive = false
      checks.seen('a', false)
      await pass(outageMs)
      alive = true
      const seen = looks.length
      const backAt = clock.monotonic()
      while (looks.length === seen) await pass(1_000)
      const lateMs = clock.monotonic() - backAt
      expect(lateMs).toBeLessThanOrEqual(Math.min(15_000, Math.max(2_000, outageMs * 0.05)) + 1_000)
      expect(seen, 'no storm').toBeLessThanOrEqual(Math.min(2 + outageMs / 2_000, 70 + outageMs / 15_000))
    }
  })

  it('come soon for one that was away when forwards or somebody begin to wait for it', async () => {
    let need: Need = 'looked-at'
    const { checks, looks, pass } = start(
      () => 'away',
      () => need,
    )
    checks.touch('a')
    await pass(1_000_000)
    looks.length = 0
    need = 'waited-for'
    checks.touch('a')
    await pass(11_000)
    expect(looks.length).toBeGreaterThanOrEqual(1)
    looks.length = 0
    await pass(60_000)
    expect(looks.length).toBeGreaterThanOrEqual(3)
  })

  it('stop while credentials wait for a person, until the cluster is touched', async () => {
    const { checks, looks, pass } = start(() => 'needs-a-person')
    checks.touch('a')
    await pass(600_000)
    expect(looks).toHaveLength(1)
    checks.touch('a')
    await pass(1_000)
    expect(looks).toHaveLength(2)
  })

  it('stop when nobody needs the cluster any more, and when it is gone', async () => {
    let needed = true
    const { checks, looks, pass, clock } = start(
      () => 'well',
      () => (needed ? 'looked-at' : 'none'),
    )
    checks.touch('a')
    checks.touch('b')
    await pass(1_000)
    needed = false
    checks.forget('b')
    await pass(300_000)
    expect(looks).toEqual(['a', 'b'])
    expect(clock.pending).toBe(0)
  })

  it('happen at once for all when the network changed', async () => {
    const { checks, looks, pass } = start(() => 'away')
    checks.touch('a')
    await pass(600_000)
    looks.length = 0
    checks.hurry()
    await pass(1_000)
    expect(looks).toEqual(['a'])
  })

  it('happen at once where something else says the opposite, when the last look is not fresh', async () => {
    let answer: LookResult = 'well'
    const { checks, looks, pass } = start(() => answer)
    checks.seen('a', false)
    await pass(1_000)
    expect(looks, 'nobody needs it').toEqual([])
    checks.touch('a')
    await pass(1_000)
    checks.seen('a', false)
    await pass(1_000)
    expect(looks, 'just now').toHaveLength(1)
    await pass(2_000)
    expect(looks, 'not any more').toHaveLength(2)
    await pass(9_000)
    checks.seen('a', true)
    await pass(1_000)
    expect(looks, 'known already').toHaveLength(2)
    answer = 'away'
    for (const _again of [1, 2, 3]) checks.seen('a', false)
    await pass(1_000)
    expect(looks).toHaveLength(3)
    await pass(10_000)
    checks.seen('a', false)
    await pass(1_000)
    expect(looks, 'known to be away').toHaveLength(3)
    checks.seen('a', true)
    await pass(1_000)
    expect(looks, 'it works again').toHaveLength(4)
  })

  it('that deny a sign come no more than every ten seconds while it lasts, and at once for a new one', async () => {
    const { checks, looks, pass } = start(
      () => 'well',
      () => 'waited-for',
    )
    checks.touch('a')
    await pass(60_000)
    looks.length = 0
    for (let second = 0; second < 120; second += 1) {
      checks.seen('a', false)
      await pass(1_000)
    }
    expect(looks.length).toBeGreaterThanOrEqual(10)
    expect(looks.length).toBeLessThanOrEqual(14)
    await pass(60_000)
    looks.length = 0
    checks.seen('a', false)
    await pass(2_000)
    expect(looks, 'a sign long after').toHaveLength(1)
  })

  it('run once at a time for each cluster, whatever is said of it meanwhile', async () => {
    let found = Promise.withResolvers<LookResult>()
    const { checks, looks, pass } = start(
      () => found.promise,
      () => 'waited-for',
    )
    checks.touch('a')
    await pass(1_000)
    for (let second = 0; second < 11; second += 1) {
      checks.seen('a', false)
      checks.touch('a')
      checks.hurry()
      await pass(1_000)
    }
    expect(looks).toHaveLength(1)
    found.resolve('away')
    await pass(1_000)
    found = Promise.withResolvers<LookResult>()
    await pass(3_000)
    expect(looks, 'then as usual').toHaveLength(2)
  })

  it('of dead clusters that hang do not delay those of living ones', async () => {
    const hang = new Promise<LookResult>(() => undefined)
    let hangs = false
    const { checks, looks, pass } = start(
      async (id) => (id.startsWith('dead') ? (hangs ? await hang : 'away') : 'well'),
      () => 'waited-for',
    )
    for (let id = 0; id < 20; id += 1) checks.touch(`dead-${id}`)
    await pass(5_000)
    hangs = true
    await pass(60_000)
    looks.length = 0
    checks.touch('living')
    await pass(1_000)
    expect(looks).toEqual(['living'])
  })

  it('use one timer and at most eight looks at once for fifty clusters, and hung ones do not stop the others', async () => {
    let running = 0
    let most = 0
    const hang = new Promise<LookResult>(() => undefined)
    const { checks, looks, pass, clock } = start(async (id) => {
      running += 1
      most = Math.max(most, running)
      if (Number(id) < 7) return await hang
      await Promise.resolve()
      running -= 1
      return 'well'
    })
    for (let id = 0; id < 50; id += 1) checks.touch(String(id))
    expect(clock.pending).toBe(1)
    await pass(2_000)
    expect(new Set(looks).size).toBe(50)
    expect(most).toBeLessThanOrEqual(8)
    expect(clock.pending).toBe(1)
  })

  it('are spread, and never nearer or further than what they are for allows', () => {
    const away = fc.option(fc.nat(10_000_000))
    const need = fc.constantFrom('waited-for' as const, 'looked-at' as const)
    fc.assert(
      fc.property(away, need, fc.double({ min: 0, max: 0.999, noNaN: true }), (awayMs, needed, random) => {
        const ms = nextLookMs(awayMs, needed, random)
        const { leastMs, mostMs } = awayMs === null ? { leastMs: lookEveryMs, mostMs: lookEveryMs } : awayLooks[needed]
        expect(ms).toBeGreaterThanOrEqual(leastMs * 0.8)
        expect(ms).toBeLessThanOrEqual(mostMs * 1.2)
      }),
    )
  })
})
