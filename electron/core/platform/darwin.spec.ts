import { describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { createDarwinPlatform } from './darwin.ts'
import { parsePsTime } from './darwin-tools.ts'

/** Answers what the tools print on macOS 15, keyed by a part of their arguments. */
const recorded = (answers: Record<string, string>) => (_path: string, args: readonly string[]) =>
  Promise.resolve(Object.entries(answers).find(([part]) => args.join(' ').includes(part))?.[1] ?? '')

describe('macOS', () => {
  it('names who listens at a port from lsof', async () => {
    const platform = createDarwinPlatform(
      recorded({
        '-iTCP:8080': 'p742\ncnode\nf23\nn[::1]:8080\np90211\nccom.docker.backend\nf77\nn*:8080\n',
        '-iTCP:5432': 'p611\ncGoogle\\x20Chrome\\x20Helper\nf5\nn127.0.0.1:5432\n',
      }),
    )
    expect(await platform.ownerOfPort('127.0.0.1', 8080)).toEqual({ pid: 90211, process: 'com.docker.backend' })
    expect(await platform.ownerOfPort('::1', 8080)).toEqual({ pid: 742, process: 'node' })
    expect(await platform.ownerOfPort('127.0.0.1', 5432)).toEqual({ pid: 611, process: 'Google Chrome Helper' })
    expect(await platform.ownerOfPort('127.0.0.1', 9999)).toBeNull()
  })

  it('tells the two ends of a connection apart', async () => {
    const both =
      'p1201\nckubectl\nf9\nn127.0.0.1:45563\nf12\nn127.0.0.1:45563->127.0.0.1:50000\n' +
      'p800\ncElectron\nf31\nn127.0.0.1:50000->127.0.0.1:45563\n'
    const platform = createDarwinPlatform(recorded({ '-iTCP:': both }))
    expect(await platform.ownerOfConnection(45563, 50000)).toEqual({ pid: 1201, process: 'kubectl' })
    expect(await platform.ownerOfConnection(50000, 45563)).toEqual({ pid: 800, process: 'Electron' })
  })

  it('reads facts from ps', async () => {
    const platform = createDarwinPlatform(
      recorded({
        '-p 1201': 'S    Fri Nov 21 06:59:00 2026       0:01.23  51200\n',
        '-p 1202': 'Z    Fri Nov  6 06:59:00 2026       0:00.00      0\n',
        '-p 1203': 'T+   Fri Nov  6 06:59:00 2026       0:00.00  100\n',
      }),
    )
    expect(await platform.inspect(1201)).toEqual({
      startTime: 'Fri Nov 21 06:59:00 2026',
      state: 'running',
      cpuMs: 1230,
      rssBytes: 52_428_800,
    })
    expect(await platform.inspect(1202)).toMatchObject({ startTime: 'Fri Nov 6 06:59:00 2026', state: 'dead' })
    expect(await platform.inspect(1203)).toMatchObject({ state: 'stopped' })
    expect(await platform.inspect(1)).toBeNull()
  })

  it('answers the last known facts at once and the new ones next time', async () => {
    const platform = createDarwinPlatform(recorded({ '-p 7': 'S Fri Nov 21 06:59:00 2026 0:01.00 1\n' }))
    expect(platform.processFacts(7)).toBeNull()
    await eventually(() => expect(platform.processFacts(7)?.cpuMs).toBe(1000))
  })

  it('finds children by the token in their environment, and only by a whole one', async () => {
    const line = (pid: number, state: string, text: string): string =>
      ` ${pid}  ${pid} ${state}    Fri Nov 21 06:59:00 2026     ${text}`
    const text = [
      line(
        500,
        'S',
        '/opt/homebrew/bin/kubectl port-forward pod/web :8080 PATH=/usr/bin MOORING_CHILD_TOKEN=aa11 HOME=/Users/a',
      ),
      line(501, 'Z', '(kubectl) MOORING_CHILD_TOKEN=aa11'),
      line(502, 'S', 'kubectl MOORING_CHILD_TOKEN=aa1'),
      line(503, 'S', 'kubectl OTHER_MOORING_CHILD_TOKEN=aa11'),
    ].join('\n')
    const platform = createDarwinPlatform(recorded({ '-axEww': text }))
    expect(await platform.findTokenHolders(new Set(['aa11']))).toEqual([
      { pid: 500, group: 500, startTime: 'Fri Nov 21 06:59:00 2026', token: 'aa11' },
    ])
  })

  it('does not say that there are none when it could not look', async () => {
    expect(await createDarwinPlatform(recorded({})).findTokenHolders(new Set(['aa11']))).toBeNull()
  })

  it.each([
    ['0:01.23', 1230],
    ['12:34.50', 754_500],
    ['1:02:03.00', 3_723_000],
    ['2-03:04:05', 183_845_000],
  ])('reads the time %s', (time, ms) => {
    expect(parsePsTime(time)).toBe(ms)
  })
})
