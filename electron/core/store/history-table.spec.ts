import { describe, expect, it } from 'vitest'
import { ForwardBench } from '../forwards/forward-service.testing.ts'
import { silentLog } from './store.testing.ts'
import { HistoryTable } from './history-table.ts'

const row = (at: number, state: 'live' | 'off' = 'live') => ({
  at,
  state,
  causeCode: null,
  detail: null,
  message: '',
  pod: null,
  connectionsLost: 0,
  bytesIn: 0,
  bytesOut: 0,
})

async function withForward(act: (history: HistoryTable, id: string, bench: ForwardBench) => void): Promise<void> {
  await using bench = new ForwardBench()
  await bench.server.listen()
  const created = await bench.create({ desired: 'off' })
  if (!created.ok) throw new Error(created.error.message)
  act(new HistoryTable({ store: bench.store, log: silentLog }), created.value.id, bench)
}

describe('the history of a forward', () => {
  it('keeps 5,000 rows and a little, the newest', () =>
    withForward((history, id, { store }) => {
      store.write(() => {
        for (let at = 1; at <= 6_000; at++) history.append(id, row(at))
      })
      const kept = history.list(id, 10_000)
      expect(kept.length).toBeGreaterThanOrEqual(5_000)
      expect(kept.length).toBeLessThan(5_500)
      expect(kept[0]?.at).toBe(6_000)
    }))

  it('does not grow over runs that write little', () =>
    withForward((history, id, { store }) => {
      store.write(() => {
        for (let at = 1; at <= 5_000; at++) history.append(id, row(at))
      })
      for (let run = 1; run <= 5; run++) new HistoryTable({ store, log: silentLog }).append(id, row(5_000 + run))
      expect(history.list(id, 10_000)).toHaveLength(5_000)
    }))

  it('ends with the last time the app was seen when it was killed', () =>
    withForward((history, id) => {
      history.append(id, row(1_000))
      history.seen(5_000)
      history.noteAbsence(9_000)
      expect(history.list(id, 2)).toMatchObject([{ at: 5_000, state: 'off' }, { at: 1_000 }])
      history.noteAbsence(10_000)
      expect(history.list(id, 10)).toHaveLength(2)
    }))

  it('never goes back in time, whatever the wall clock did', () =>
    withForward((history, id) => {
      history.append(id, row(8_000))
      history.seen(5_000)
      history.noteAbsence(9_000)
      expect(history.list(id, 1)[0]?.at).toBe(8_000)
    }))

  it('counts lost connections with the newest row', () =>
    withForward((history, id) => {
      history.append(id, row(1))
      history.append(id, row(2))
      history.addLost(id, 2)
      history.addLost(id, 1)
      expect(history.list(id, 2).map(({ connectionsLost }) => connectionsLost)).toEqual([3, 0])
    }))
})
