import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chooseChild, maxChildren, missingChildren, type Carrier } from './kubectl-choice.ts'

const idle: Carrier = { streams: 0, answered: 0, blocked: false }
const carrying = (answered: number, silent = 0): Carrier => ({
  streams: answered + silent,
  answered,
  blocked: false,
})

it('keeps to one child while the port is proven', () => {
  expect(chooseChild([carrying(5), idle], true)).toBe(0)
})

it('sends a stream to an unproven port where nobody can be harmed', () => {
  expect(chooseChild([idle], false)).toBe(0)
  expect(chooseChild([carrying(1), idle], false)).toBe(1)
  expect(chooseChild([carrying(0, 3), idle], false)).toBe(0)
})

it('goes round a child that a slow client holds up', () => {
  const blocked = { ...carrying(1), blocked: true }
  expect(chooseChild([blocked, idle], true)).toBe(1)
  expect(chooseChild([blocked, carrying(3), idle], false)).toBe(1)
  expect(chooseChild([blocked], true)).toBe(0)
  expect(chooseChild([blocked, { ...carrying(2), blocked: true }], false)).toBe(0)
})

it('leaves the last free child to the probes', () => {
  expect(chooseChild([carrying(3), carrying(1), idle], false)).toBe(1)
})

it('endangers as few as possible when all carry clients', () => {
  expect(chooseChild([carrying(4), carrying(2)], false)).toBe(1)
})

it('has no answer without a child', () => {
  expect(chooseChild([], true)).toBeNull()
})

it('never endangers a client while a child that carries nobody is free for streams', () => {
  const carrier = fc.record({ answered: fc.nat(5), silent: fc.nat(5) }).map((it) => carrying(it.answered, it.silent))
  fc.assert(
    fc.property(fc.array(carrier, { minLength: 1, maxLength: 2 }), (children) => {
      const choice = chooseChild([...children, idle], false)!
      const carriers = children.filter((child) => child.streams > 0).length
      if (carriers < 2) expect([...children, idle][choice]!.answered).toBe(0)
    }),
  )
})

it('wants a free child while clients are connected, up to three in all', () => {
  expect(missingChildren([idle])).toBe(0)
  expect(missingChildren([carrying(1)])).toBe(1)
  expect(missingChildren([carrying(1), idle])).toBe(0)
  expect(missingChildren([carrying(1), carrying(1)])).toBe(1)
  expect(missingChildren(Array.from({ length: maxChildren }, () => carrying(1)))).toBe(0)
})
