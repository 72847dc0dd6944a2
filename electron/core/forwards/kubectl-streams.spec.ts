import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { KubectlStreams } from './kubectl-streams.ts'

const somebody = { isGone: () => Promise.resolve(false) }

const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()).destroy())

it('knows the refused stream only where a single one can be meant', async () => {
  const clock = new FakeClock()
  const streams = new KubectlStreams(clock)
  expect(streams.refused()).toBeNull()
  const waiting = streams.add(new Socket(), somebody)
  clock.advance(10_000)
  // That one has been silent for too long to have been refused just now.
  expect(streams.refused()).toBeNull()
  const young = streams.add(new Socket(), somebody)
  expect(streams.refused()).toBe(young)
  const left = streams.add(new Socket(), somebody)
  await closed(left.socket)
  expect(streams.refused()).toBeNull()
  left.answered = true
  expect(streams.refused()).toBe(young)
  streams.add(new Socket(), null)
  expect(streams.refused()).toBeNull()
  expect([streams.clients, streams.answered]).toEqual([2, 0])
  waiting.answered = true
  expect(streams.answered).toBe(1)
})

it('remembers few of those that were closed without an answer, and none for long', async () => {
  const clock = new FakeClock()
  const streams = new KubectlStreams(clock)
  for (let count = 0; count < 300; count += 1) await closed(streams.add(new Socket(), somebody).socket)
  expect(streams.clients).toBe(0)
  expect(streams.refused()).toBeNull()
  clock.advance(10_000)
  const young = streams.add(new Socket(), somebody)
  expect(streams.refused()).toBe(young)
})
