import { describe, expect, it } from 'vitest'
import { allRest, environmentOf, parseStat, parseStatusRss, parseTcpTable, stateInStat } from './linux-proc.ts'

const stat = (name: string, state: string): string =>
  `31490 (${name}) ${state} 31480 31477 31477 0 -1 4194304 1089 0 0 0 123 45 0 0 20 0 11 0 185689 1290194944 12800 18446744073709551615 1 1 0`

describe('/proc/PID/stat', () => {
  it('tells group, start time, state and processor time', () => {
    expect(parseStat(stat('kubectl', 'S'))).toEqual({
      state: 'running',
      group: 31477,
      startTime: '185689',
      cpuMs: 1680,
    })
  })
  it('is read right when the program’s name looks like fields', () => {
    expect(parseStat(stat('a) Z (b c) S 1', 'T'))).toMatchObject({ state: 'stopped', startTime: '185689' })
  })
  it('tells the state alone, and counts who is exiting or gone as dead', () => {
    expect(stateInStat(stat('a) Z (b', 'S'))).toBe('running')
    expect(stateInStat(stat('kubectl', 't'))).toBe('stopped')
    expect(stateInStat(stat('kubectl', 'Z'))).toBe('dead')
    expect(stateInStat(stat('kubectl', 'R').replace(' 4194304 ', ` ${4194304 | 4} `))).toBe('dead')
    expect(stateInStat('')).toBe('dead')
  })
  it('tells threads that wait from one that works', () => {
    const resting = ['R', 'D', 'S', 'T', 'Z', 'I'].filter((state) => allRest(['1'], () => stat('a) R (b', state)))
    expect(resting).toEqual(['S', 'T', 'Z', 'I'])
    expect(allRest(['1'], () => '')).toBe(true)
    expect(allRest(['1', '2'], (thread) => (thread === '1' ? stat('kubectl', 'S') : null))).toBe(false)
  })
  it('is not taken in by a thread that hands its work to one that was already read', () => {
    const states: Record<string, string> = { 1: 'S', 2: 'R', 3: 'S' }
    const statOf = (thread: string): string => {
      if (thread === '2') Object.assign(states, { 1: 'R', 2: 'S' })
      return stat('kubectl', states[thread] ?? '')
    }
    expect(allRest(['1', '2', '3'], statOf)).toBe(false)
  })
  it.each(['Z', 'X'])('counts a process in state %s as dead', (state) => {
    expect(parseStat(stat('kubectl', state))?.state).toBe('dead')
  })
  it('is nothing when the process is gone', () => {
    expect(parseStat('')).toBeNull()
  })
})

describe('/proc/PID/status and environ', () => {
  it('tells resident memory, which a zombie has none of', () => {
    expect(parseStatusRss('Name:\tkubectl\nVmRSS:\t   51200 kB\nThreads:\t11\n')).toBe(52_428_800)
    expect(parseStatusRss('Name:\tkubectl\nState:\tZ (zombie)\n')).toBe(0)
  })
  it('finds one variable and not one whose name ends alike', () => {
    const text = 'OTHER_TOKEN=a\0TOKEN=b=c\0PATH=/bin\0'
    expect(environmentOf(text, 'TOKEN')).toBe('b=c')
    expect(environmentOf(text, 'KEN')).toBeNull()
  })
})

describe('/proc/net/tcp', () => {
  const table = (rows: string[]): string =>
    ['  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode', ...rows].join(
      '\n',
    )
  const end = '00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0'

  it('reads listeners and connections of both tables', () => {
    expect(
      parseTcpTable(
        table([
          `   0: 0100007F:1F90 00000000:0000 0A ${end}`,
          `   1: 0100007F:B1FB 0100007F:C350 01 ${end}`,
          `   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A ${end}`,
          `   3: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A ${end}`,
          `   4: 0000000000000000FFFF00000100007F:1F92 0000000000000000FFFF00000100007F:C351 01 ${end}`,
        ]),
      ),
    ).toEqual([
      { localAddress: '127.0.0.1', localPort: 8080, peerPort: 0, listening: true, inode: '4242' },
      { localAddress: '127.0.0.1', localPort: 45563, peerPort: 50000, listening: false, inode: '4242' },
      { localAddress: '::', localPort: 80, peerPort: 0, listening: true, inode: '4242' },
      { localAddress: '::1', localPort: 8081, peerPort: 0, listening: true, inode: '4242' },
      { localAddress: '127.0.0.1', localPort: 8082, peerPort: 50001, listening: false, inode: '4242' },
    ])
  })
  it('is empty when the table cannot be read', () => {
    expect(parseTcpTable('')).toEqual([])
  })
})
