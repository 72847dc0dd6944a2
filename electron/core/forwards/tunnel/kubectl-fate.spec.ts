import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../clock.testing.ts'
import { KubectlFate } from './kubectl-fate.ts'
import type { KubectlStream } from './kubectl-streams.ts'
import type { TunnelFailure } from './tunnel.ts'

const killed: TunnelFailure = { code: 'tunnel-lost', detail: 'killed', message: 'kubectl was killed' }
const answered = { answered: true } as KubectlStream

describe('why a stream of a kubectl ended', () => {
  let clock: FakeClock
  let process: { rests: boolean | null; state: 'running' | 'dead' | null }
  /** What happens between the two questions that are asked about the process. */
  let betweenLooks: () => void
  let fate: KubectlFate

  beforeEach(() => {
    clock = new FakeClock()
    process = { rests: false, state: 'running' }
    betweenLooks = () => undefined
    let asked = 0
    const answer = <T>(value: () => T): T => {
      const now = value()
      if (++asked === 1) betweenLooks()
      return now
    }
    fate = new KubectlFate(clock, {
      rests: () => answer(() => process.rests),
      processState: () => answer(() => process.state),
    })
  })

  const reason = (): Promise<TunnelFailure | null> => fate.reasonOfEnd(answered, 1, () => false)
  /** Until it looks at the process, and waits. */
  const looked = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await nextTurn()
  }

  const reasonOnceEnded = async (): Promise<TunnelFailure | null> => {
    const told = reason()
    await looked()
    fate.ends(killed)
    return told
  }

  it('is the pod while kubectl rests', async () => {
    process.rests = true
    expect(await reason()).toBeNull()
  })

  it('is that kubectl ended, also when it ends while one looks', async () => {
    betweenLooks = () => Object.assign(process, { rests: true, state: 'dead' })
    expect(await reasonOnceEnded()).toEqual(killed)
  })

  it('is that kubectl ended, also when it had nothing to do just before', async () => {
    process.rests = true
    betweenLooks = () => (process.state = 'dead')
    expect(await reasonOnceEnded()).toEqual(killed)
  })

  it('is that kubectl ended, although what it had sent is still read', async () => {
    const told = reason()
    await looked()
    process.state = 'dead'
    clock.advance(100)
    fate.carries()
    clock.advance(20)
    await looked()
    fate.ends(killed)
    expect(await told).toEqual(killed)
  })

  it('is the pod when kubectl works on, and bytes still come through it', async () => {
    const told = reason()
    await looked()
    clock.advance(100)
    fate.carries()
    clock.advance(20)
    expect(await told).toBeNull()
  })

  it('is the pod where the system tells nothing and kubectl goes on', async () => {
    Object.assign(process, { rests: null, state: null })
    const told = reason()
    for (let waited = 0; waited < 100; waited += 20) {
      await looked()
      clock.advance(20)
    }
    expect(await told).toBeNull()
  })
})
