import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { FakeClock } from '../clock.testing.ts'
import { ChangeWatch, type EnvironmentChange, outwardAddresses } from './change-watch.ts'

const familyOf = (address: string): { family: 'IPv4' } | { family: 'IPv6'; scopeid: number } =>
  address.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }

function watched() {
  const clock = new FakeClock()
  const changes: EnvironmentChange[] = []
  const times: number[] = []
  const state = { network: 'eth0 192.0.2.7', skip: 0 }
  const watch = new ChangeWatch({
    clock: {
      now: () => clock.now() + state.skip,
      monotonic: () => clock.monotonic(),
      after: (ms, run) => clock.after(ms, run),
    },
    onChange: (change, since) => {
      changes.push(change)
      times.push(since)
    },
    network: () => state.network,
  })
  return { clock, changes, times, state, watch }
}

describe('the change watch', () => {
  it('says nothing while nothing changes', () => {
    const { clock, changes } = watched()
    clock.advance(60_000)
    expect(changes).toEqual([])
  })

  it('notices a VPN that comes and goes', () => {
    const { clock, changes, state } = watched()
    state.network += '\ntun0 198.51.100.3'
    clock.advance(2000)
    state.network = 'eth0 192.0.2.7'
    clock.advance(2000)
    expect(changes).toEqual(['network', 'network'])
  })

  it('notices that the machine slept', () => {
    const { clock, changes, times, state } = watched()
    const before = clock.now()
    state.skip = 3_600_000
    clock.advance(2000)
    expect(changes).toEqual(['wake'])
    expect(times).toEqual([before])
  })

  it('looks at the clock at once for who noticed something after a sleep, and tells it once', () => {
    const { clock, changes, times, watch, state } = watched()
    const before = clock.now()
    watch.lookForSleep()
    state.skip = 3_600_000
    watch.lookForSleep()
    watch.lookForSleep()
    clock.advance(2000)
    expect(changes).toEqual(['wake'])
    expect(times).toEqual([before])
  })

  it('leaves no timer behind', () => {
    const { clock, watch } = watched()
    watch.close()
    expect(clock.pending).toBe(0)
  })

  it('takes a link that leads nowhere for no change of the network', () => {
    const on = (address: string, internal = false): NetworkInterfaceInfo[] => [
      { address, internal, netmask: '', mac: '', cidr: null, ...familyOf(address) },
    ]
    const before = { lo: on('127.0.0.1', true), eth0: on('192.0.2.7') }
    const container = { ...before, veth1: on('fe80::1'), eth1: on('169.254.7.1') }
    expect(outwardAddresses(container)).toBe('eth0 192.0.2.7')
    expect(outwardAddresses({ ...before, tun0: on('2001:db8::7') })).toBe('eth0 192.0.2.7\ntun0 2001:db8::7')
  })
})
