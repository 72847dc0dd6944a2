import { expect, it } from 'vitest'
import { kubectlTimes, readLog } from './host-log.ts'
import { workOf } from './owner-profile.ts'

const log = [
  '2026-11-21T10:00:00.000Z debug app: start: data folder taken',
  'Debugger listening on ws://127.0.0.1:1/x',
  '2026-11-21T10:00:00.250Z debug processes: started kubectl 71 for svc/web:8080',
  '2026-11-21T10:00:00.300Z debug processes: started probe-command 72 for version of kubectl',
  '2026-11-21T10:00:00.750Z debug processes: kubectl 71 (svc/web:8080): Forwarding from 127.0.0.1:4001 -> 8080',
  '2026-11-21T10:00:00.900Z debug processes: kubectl 71 (svc/web:8080): Handling connection for 4001',
  '',
].join('\n')
const at = Date.parse('2026-11-21T10:00:00.000Z')

it('a log is read by its lines, without what else stands on stderr', () => {
  expect(readLog(log)).toHaveLength(5)
  expect(readLog(log)[0]).toEqual({ at, area: 'app', message: 'start: data folder taken' })
})

it('a kubectl is started, and listens once it says so', () => {
  const { started, listening } = kubectlTimes(readLog(log))
  expect([...started]).toEqual([[71, at + 250]])
  expect([...listening]).toEqual([[71, at + 750]])
})

it('a profile is summed up by function; doing nothing is no work', () => {
  const node = (id: number, functionName: string, url = '') => ({ id, callFrame: { functionName, url } })
  const profile = {
    nodes: [node(1, '(idle)'), node(2, 'connect'), node(3, '', 'file:///dist/a.mjs'), node(4, 'connect')],
    samples: [1, 2, 3, 4],
    timeDeltas: [9_000, 1_000, 1_000, 2_000],
  }
  expect(workOf(profile)).toEqual({
    workMs: 4,
    functions: [
      { name: 'connect', share: 0.75 },
      { name: '(anonymous) in a.mjs', share: 0.25 },
    ],
  })
})
