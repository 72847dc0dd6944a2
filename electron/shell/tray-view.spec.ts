import { describe, expect, it } from 'vitest'
import type { Forward } from '../../contract/forwards.ts'
import { trayView } from './tray-view.ts'

const forward = (name: string, state: Forward['state'], bind = '127.0.0.1'): Forward =>
  ({
    id: name,
    name,
    state,
    desired: state === 'off' || state === 'stopping' ? 'off' : 'on',
    cause: state === 'live' || state === 'off' ? null : { message: `${name} has no ready pod.` },
    ports: [{ id: 'p', remote: 8080, local: 18_080, bind }],
  }) as unknown as Forward

describe('the tray', () => {
  it('counts what is live of what is wanted', () => {
    const forwards = [forward('web', 'live'), forward('db', 'holding'), forward('old', 'off')]
    expect(trayView(forwards, 'connected').tip).toBe('Mooring: 1 of 2 forwards live')
    expect(trayView([forward('web', 'live')], 'connected').tip).toBe('Mooring: 1 of 1 forward live')
  })

  it('shows each forward by name with its state and address, and why it is not live', () => {
    const { lines, note } = trayView([forward('web', 'live'), forward('db', 'holding')], 'connected')
    expect(lines.map(({ label, why }) => ({ label, why }))).toEqual([
      { label: '■ db · holding · 127.0.0.1:18080', why: 'db has no ready pod.' },
      { label: '● web · live · 127.0.0.1:18080', why: null },
    ])
    expect(note).toBeNull()
  })

  it('writes an IPv6 address so that it can be pasted', () => {
    expect(trayView([forward('web', 'live', '::1')], 'connected').lines[0]?.addresses).toEqual(['[::1]:18080'])
  })

  it('claims nothing while nobody answers', () => {
    const view = trayView([forward('web', 'live')], 'lost')
    expect(view.lines).toEqual([])
    expect(JSON.stringify(view)).not.toContain('live')
  })

  it('says what it leaves out', () => {
    const many = Array.from({ length: 41 }, (_, index) => forward(`f${index}`, 'live'))
    const { lines, note } = trayView(many, 'connected')
    expect(lines).toHaveLength(30)
    expect(note).toBe('11 more in the window')
    expect(trayView([], 'connected').note).toBe('Nothing is forwarded')
  })
})
