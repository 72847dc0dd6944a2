import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { Log, LogRing } from '../log.ts'
import { AuditTable } from './audit-table.ts'
import { memoryStore, silentLog } from './store.testing.ts'
import type { Store } from './store.ts'

const entry = { principal: 'owner', operation: 'clusters.update', resource: 'one', details: {}, result: 'ok' }

function audit(store: Store = memoryStore(), more: { mostEntries?: number; trimEvery?: number } = {}): AuditTable {
  return new AuditTable({ store, clock: new FakeClock(1000), log: silentLog, ...more })
}

describe('the audit log', () => {
  it('tells who did what to what and how it ended, newest first', () => {
    const table = audit()
    table.append({ ...entry, details: { name: 'staging', labels: { team: 'payments' } } })
    table.append({ ...entry, operation: 'clusters.remove', result: 'not-found', resource: null })
    expect(table.list(10)).toEqual([
      { ...entry, id: 2, at: 1000, operation: 'clusters.remove', result: 'not-found', resource: null },
      { ...entry, id: 1, at: 1000, details: { name: 'staging', labels: { team: 'payments' } } },
    ])
    expect(table.list(1).map(({ id }) => id)).toEqual([2])
  })

  it('writes no secret down, however deep it lies', () => {
    const store = memoryStore()
    const canary = 'c4n4ry-5ecret'
    audit(store).append({
      ...entry,
      details: {
        passphrase: canary,
        ports: [{ note: `password: ${canary}` }],
        server: `https://user:${canary}@example.test`,
        header: `Bearer ${canary}`,
        env: { CLIENT_SECRET: canary },
      },
    })
    const row = store.database.prepare('SELECT * FROM audit').get()
    expect(JSON.stringify(row)).not.toContain(canary)
    expect(JSON.stringify(row)).toContain('example.test')
  })

  it('keeps any details readable', () => {
    const table = audit()
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (details) => {
        table.append({ ...entry, details })
        expect(typeof table.list(1)[0]?.details).toBe('object')
      }),
    )
  })

  it('forgets the oldest when it grows too long', () => {
    const table = audit(memoryStore(), { mostEntries: 10, trimEvery: 5 })
    for (let index = 0; index < 23; index++) table.append(entry)
    const ids = table.list(100).map(({ id }) => id)
    expect(ids[0]).toBe(23)
    expect(ids.at(-1)).toBe(12)
  })

  it('forgets them also over many runs that write little', () => {
    const store = memoryStore()
    for (let run = 0; run < 30; run++) audit(store, { mostEntries: 10 }).append(entry)
    expect(audit(store).list(100)).toHaveLength(10)
  })

  it('says in the log what it could not write, and lets the operation be done', () => {
    const store = memoryStore()
    const ring = new LogRing()
    const table = new AuditTable({ store, clock: new FakeClock(), log: new Log([ring.sink]) })
    store.database.pragma('query_only = ON')
    table.append(entry)
    expect(ring.entries().map(({ message }) => message)).toEqual([
      expect.stringContaining('clusters.update could not be written to the audit log'),
    ])
  })
})
