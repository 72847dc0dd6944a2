import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  rules,
  stopped,
  supervise,
  type Supervision,
  type SupervisionEffect,
  type SupervisionEvent,
} from './supervisor.ts'

/** Feeds events with their times and keeps the effects. */
function run(
  events: readonly (readonly [number, SupervisionEvent])[],
  from: Supervision = stopped,
): { now: Supervision; effects: SupervisionEffect[] } {
  let now = from
  const effects: SupervisionEffect[] = []
  for (const [time, event] of events) {
    const step = supervise(now, event, time)
    now = step.next
    effects.push(...step.effects)
  }
  return { now, effects }
}
const kinds = (effects: readonly SupervisionEffect[]): string[] => effects.map(({ kind }) => kind)
const again = { kind: 'timer', timer: 'again' } as const
const heartbeat = { kind: 'timer', timer: 'heartbeat' } as const

const ready = run([
  [0, { kind: 'start' }],
  [1, { kind: 'ready' }],
]).now

describe('the supervisor', () => {
  it('starts once, however often it is asked', () => {
    const { effects } = run([
      [0, { kind: 'start' }],
      [0, { kind: 'start' }],
    ])
    expect(kinds(effects).filter((kind) => kind === 'launch')).toHaveLength(1)
  })

  it('never counts a wanted exit as a crash', () => {
    const { now, effects } = run(
      [
        [10, { kind: 'stop' }],
        [11, { kind: 'exited' }],
      ],
      ready,
    )
    expect(now).toMatchObject({ state: 'stopped', crashes: [], restarts: 0 })
    expect(kinds(effects)).toEqual(['ask-to-stop'])
  })

  it('restarts with a delay that doubles up to 30 s', () => {
    const delays: number[] = []
    let now = ready
    for (let time = 1; delays.length < 4; time += 1) {
      const step = supervise(now, { kind: 'exited' }, time)
      delays.push(
        ...step.effects.flatMap((effect) => (effect.kind === 'timer' && effect.timer === 'again' ? [effect.ms] : [])),
      )
      now = supervise(step.next, again, time).next
    }
    expect(delays).toEqual([250, 500, 1000, 2000])
  })

  it('begins with the short delay again after a minute of health', () => {
    const { now } = run(
      [
        [5, { kind: 'exited' }],
        [6, again],
        [7, { kind: 'ready' }],
        [7 + rules.healthyMs, { kind: 'exited' }],
      ],
      ready,
    )
    expect(now.streak).toBe(1)
  })

  it('gives up after 5 crashes in 5 minutes, and starts again when asked', () => {
    let now = ready
    for (let count = 1; count <= rules.mostCrashes; count += 1) {
      now = supervise(now, { kind: 'exited' }, count * 1_000).next
      if (count < rules.mostCrashes) now = supervise(now, again, count * 1_000).next
    }
    expect(now.state).toBe('failed')
    const { now: asked, effects } = run([[9_000, { kind: 'restart' }]], now)
    expect(kinds(effects)).toContain('launch')
    expect(asked.crashes).toEqual([])
  })

  it.each<[string, Supervision]>([
    ['one that had failed', { ...stopped, state: 'failed', restarts: 4, crashes: [1, 2, 3, 4, 5], streak: 5 }],
    ['one that runs', ready],
  ])('gives up as well when it crashes after a restart by hand of %s', (_what, from) => {
    let { now, effects } = run([[9_000, { kind: 'restart' }]], from)
    let launches = 0
    for (let time = 9_001; now.state !== 'failed' && time < 9_100; time += 1) {
      launches += kinds(effects).filter((kind) => kind === 'launch').length
      const event = now.running ? ({ kind: 'exited' } as const) : again
      ;({ now, effects } = run([[time, event]], now))
    }
    expect(now.state).toBe('failed')
    expect(launches).toBe(rules.mostCrashes)
  })

  it('starts at once what was stopped and is wanted again before it ended', () => {
    const { now, effects } = run(
      [
        [10, { kind: 'stop' }],
        [11, { kind: 'start' }],
        [12, { kind: 'exited' }],
      ],
      ready,
    )
    expect(kinds(effects)).toEqual(['ask-to-stop', 'launch', 'timer'])
    expect(now.crashes).toEqual([])
  })

  it('forgets crashes that are older than 5 minutes', () => {
    let now = ready
    for (let count = 1; count <= 20; count += 1) {
      const time = count * 80_000
      now = run(
        [
          [time, { kind: 'exited' }],
          [time, again],
          [time, { kind: 'ready' }],
        ],
        now,
      ).now
    }
    expect(now.state).toBe('ready')
  })

  it('asks twice before it ends a process that does not answer', () => {
    const first = run([[1, heartbeat]], ready)
    const second = run([[2, heartbeat]], first.now)
    const third = run([[3, heartbeat]], second.now)
    expect([kinds(first.effects), kinds(second.effects)]).toEqual([
      ['ping', 'timer'],
      ['ping', 'timer'],
    ])
    expect(kinds(third.effects)).toEqual(['note', 'kill'])
    expect(
      kinds(
        run(
          [
            [3, { kind: 'answered' }],
            [3, heartbeat],
          ],
          second.now,
        ).effects,
      ),
    ).toEqual(['ping', 'timer'])
  })

  it('ends a process that is not ready in time', () => {
    const { effects } = run([
      [0, { kind: 'start' }],
      [rules.readyMs, { kind: 'timer', timer: 'late' }],
    ])
    expect(kinds(effects)).toEqual(['launch', 'timer', 'note', 'kill'])
  })

  it('has at most one process, and one on the way whenever it is wanted and not failed', () => {
    const event = fc.constantFrom<SupervisionEvent>(
      { kind: 'start' },
      { kind: 'restart' },
      { kind: 'stop' },
      { kind: 'ready' },
      { kind: 'answered' },
      { kind: 'exited' },
      again,
      heartbeat,
      { kind: 'timer', timer: 'late' },
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(90_000)), { maxLength: 60 }), (events) => {
        let now: Supervision = stopped
        let alive = 0
        let waits = false
        let time = 0
        for (const [one, pause] of events) {
          // What did not happen cannot be told: only a process that runs is ready, answers or exits.
          if ((one.kind === 'exited' || one.kind === 'ready' || one.kind === 'answered') && alive === 0) continue
          time += pause
          if (one.kind === 'exited') alive = 0
          if (one.kind === 'timer' && one.timer === 'again') waits = false
          const { next, effects } = supervise(now, one, time)
          now = next
          for (const effect of effects) {
            if (effect.kind === 'launch') alive += 1
            if (effect.kind === 'timer' && effect.timer === 'again') waits = true
          }
          expect(alive).toBeLessThanOrEqual(1)
          expect(now.running).toBe(alive === 1)
          if (now.wanted) expect(alive === 1 || waits || now.state === 'restarting').toBe(true)
          if (now.state === 'failed') expect(now.wanted).toBe(false)
        }
      }),
      { numRuns: 500 },
    )
  })
})
