import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ApiFailure } from '../contract/sidecar.ts'
import { afterRound, type Round } from './watch-schedule.ts'

const failure = (kind: ApiFailure['class'], retryAfterSeconds: number | null = null): Round => ({
  kind: 'failed',
  failure: { class: kind, detail: null, status: null, message: '', rbac: null, retryAfterSeconds },
})

describe('after a round, a watch', () => {
  it('goes on at once where it stood when the server ended it in order', () => {
    expect(afterRound({ kind: 'stream', end: 'ended', lastedMs: 300_000 }, 0, 0.5)).toEqual({
      waitMs: 0,
      list: false,
      attempt: 0,
    })
  })

  it('lists again when the server was silent or forgot where it stood', () => {
    expect(afterRound({ kind: 'stream', end: 'silent', lastedMs: 90_000 }, 0, 0.5).list).toBe(true)
    expect(afterRound({ kind: 'stale' }, 0, 0.5)).toMatchObject({ waitMs: 0, list: true })
  })

  it('does not spin where streams end as soon as they begin', () => {
    const first = afterRound({ kind: 'stream', end: 'ended', lastedMs: 3 }, 0, 0.5)
    const second = afterRound({ kind: 'stream', end: 'ended', lastedMs: 3 }, first.attempt, 0.5)
    expect(first.waitMs).toBe(0)
    expect(second.waitMs).toBeGreaterThanOrEqual(250)
  })

  it('waits as long as the server asks', () => {
    expect(afterRound(failure('throttled', 7), 0, 0).waitMs).toBe(7_000)
  })

  it('stays between 250 ms and 15 s, growing, while the server is away', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const { waitMs, attempt: next } = afterRound(failure('unreachable'), attempt, random)
        expect(waitMs).toBeGreaterThanOrEqual(250)
        expect(waitMs).toBeLessThanOrEqual(15_000)
        expect(next).toBe(attempt + 1)
      }),
    )
  })

  it('asks seldom for what is refused', () => {
    for (const kind of ['unauthorized', 'forbidden'] as const) {
      expect(afterRound(failure(kind), 0, 0).waitMs).toBeGreaterThanOrEqual(5_000)
    }
  })
})
