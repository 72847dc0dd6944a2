import { targetWord } from '../../../../contract/forwards.ts'
import { describe, expect, it } from 'vitest'
import { sampleForward } from '../../testing/samples.ts'
import {
  addressWord,
  attemptWords,
  causeWord,
  forwardSentence,
  reachWords,
  stateMark,
  stateWord,
  urlOf,
} from './forward-words.ts'

const observed = sampleForward({}).observed

describe('words for a forward', () => {
  it('write targets as kubectl does', () => {
    expect(targetWord({ kind: 'service', name: 'checkout' })).toBe('svc/checkout')
    expect(targetWord({ kind: 'statefulset', name: 'db' })).toBe('sts/db')
    expect(targetWord({ kind: 'selector', selector: 'app=web,tier!=test' })).toBe('app=web,tier!=test')
  })

  it('write addresses, and know which open with https', () => {
    expect(addressWord({ bind: '::1', local: 8080 })).toBe('[::1]:8080')
    expect(addressWord({ bind: '127.0.0.1', local: 0 })).toBe('127.0.0.1:…')
    expect(urlOf({ bind: '127.0.0.1', local: 9000, remote: 'https' })).toBe('https://127.0.0.1:9000')
    expect(urlOf({ bind: '0.0.0.0', local: 9000, remote: 8080 })).toBe('http://127.0.0.1:9000')
    expect(
      forwardSentence(
        { bind: '127.0.0.1', local: 8080, remote: 'http' },
        { kind: 'service', name: 'checkout' },
        'payments',
      ),
    ).toBe('127.0.0.1:8080 to svc/checkout:http in payments')
  })

  it('name a cause in a few words', () => {
    expect(causeWord({ code: 'no-ready-pod' })).toBe('no ready pod')
    expect(causeWord({ code: 'vault-locked' })).toBe('vault locked')
  })

  it('say who can reach an address that is not only of this machine', () => {
    expect(['127.0.0.1', '127.0.0.2', '::1'].map((bind) => reachWords({ bind }))).toEqual([null, null, null])
    for (const bind of ['0.0.0.0', '::', '192.168.1.4', 'fe80::1'])
      expect(reachWords({ bind })).toBe('Other machines can reach it.')
  })

  it('never call an unchecked forward simply live', () => {
    expect(stateWord({ state: 'live', probe: { mode: 'passive', seconds: 5 } }, true)).toBe('live, unchecked')
    expect(stateWord({ state: 'live', probe: { mode: 'connect', seconds: 5 } }, true)).toBe('live')
  })

  it('never call live what nobody knows any more', () => {
    const forward = sampleForward({ state: 'live' })
    expect(stateWord(forward, false)).toBe('was live')
    expect(stateMark(forward, false)).toBe('unknown')
    expect(stateWord(sampleForward({ state: 'holding' }), false)).toBe('was holding')
    expect(stateMark({ state: 'holding' }, false)).toBe('unknown')
    expect(stateWord(sampleForward({ state: 'off' }), false)).toBe('off')
  })

  it('say what is tried next and who waits', () => {
    const recovering = {
      state: 'recovering' as const,
      observed: { ...observed, attempt: 3, nextAttemptAt: 5000, parked: 2 },
    }
    expect(attemptWords(recovering, 1000)).toBe('try 3, next in 4 s · 2 waiting')
    expect(attemptWords({ state: 'live', observed: { ...observed, attempt: 3, nextAttemptAt: 5000 } }, 1000)).toBe('')
  })
})
