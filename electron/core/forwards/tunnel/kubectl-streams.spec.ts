import { Socket } from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeClock } from '../../clock.testing.ts'
import { KubectlStreams, type KubectlStream } from './kubectl-streams.ts'
import type { ClientsInDoubt } from './tunnel.ts'

const somebody = { isGone: () => Promise.resolve(false) }

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()).destroy())

let clock: FakeClock
let streams: KubectlStreams
const add = (): KubectlStream => streams.add(new Socket(), somebody)

beforeEach(() => {
  clock = new FakeClock()
  streams = new KubectlStreams(clock)
})

describe('a refused stream', () => {
  it('is known where a single one can be meant', () => {
    const waiting = add()
    clock.advance(10_000)
    const answered = add()
    answered.answered = true
    const young = add()
    streams.refused()
    // The first has been silent for too long to have been refused just now.
    expect([waiting, answered, young].map((stream) => streams.wasRefused(stream))).toEqual([false, false, true])
  })

  it('is not known where two can be meant, also when one of them has left or is a question of ours', async () => {
    const [young, left] = [add(), add()]
    await closed(left.socket)
    streams.refused()
    expect([young, left].some((stream) => streams.wasRefused(stream))).toBe(false)
    clock.advance(10_000)
    const [client, probe] = [add(), streams.add(new Socket(), null)]
    streams.refused()
    expect([client, probe].some((stream) => streams.wasRefused(stream))).toBe(false)
  })

  it('is known once the other one that could be meant was answered', () => {
    const [one, other] = [add(), add()]
    streams.refused()
    expect(streams.wasRefused(one)).toBe(false)
    streams.heard(other)
    expect([one, other].map((stream) => streams.wasRefused(stream))).toEqual([true, false])
  })

  it('is each of those that can be meant when there are as many refusals', () => {
    const both = [add(), add()]
    streams.refused()
    expect(both.some((stream) => streams.wasRefused(stream))).toBe(false)
    streams.refused()
    expect(both.every((stream) => streams.wasRefused(stream))).toBe(true)
    const third = add()
    streams.refused()
    expect([...both, third].every((stream) => streams.wasRefused(stream))).toBe(true)
    add()
    const fifth = add()
    streams.refused()
    expect(streams.wasRefused(fifth)).toBe(false)
  })

  it('is not looked for among many that left, for long', async () => {
    for (let count = 0; count < 300; count += 1) await closed(add().socket)
    expect(streams.clients).toBe(0)
    streams.refused()
    clock.advance(10_001)
    const young = add()
    streams.refused()
    expect(streams.wasRefused(young)).toBe(true)
  })
})

it('counts clients, and those who were answered', () => {
  const stream = add()
  streams.add(new Socket(), null)
  expect([streams.clients, streams.answered]).toEqual([1, 0])
  streams.heard(stream)
  expect([streams.clients, streams.answered]).toEqual([1, 1])
})

describe('clients that may wait in vain', () => {
  const waiting = (who: ClientsInDoubt): KubectlStream[] => streams.waitingInVain(who, 10_000)

  it('have heard nothing for as long as was said, and nobody else has either', () => {
    const first = add()
    streams.add(new Socket(), null)
    expect(waiting('all')).toEqual([])
    clock.advance(10_000)
    expect(waiting('all')).toEqual([first])
    add()
    expect(waiting('all')).toEqual([first])
    streams.heard(first)
    expect(waiting('all')).toEqual([])
    clock.advance(10_000)
    expect(waiting('all')).toHaveLength(2)
  })

  it('are strangers while they never heard a word, and the pod was not seen since they wait', () => {
    const known = add()
    streams.heard(known)
    const stranger = add()
    clock.advance(10_000)
    expect(waiting('strangers')).toEqual([stranger])
    stranger.podSeen = true
    expect(waiting('strangers')).toEqual([])
    expect(waiting('all')).toEqual([known, stranger])
  })
})
