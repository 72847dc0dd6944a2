import { expect, it } from 'vitest'
import { failureOfExit, failureOfWay } from './kubectl-failures.ts'

const refused = failureOfExit(
  { code: 1, signal: null, lastLines: [], timedOut: false, outputTooLarge: false },
  ['The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?'],
  'web',
)

it('calls the API server refusing when kubectl asked it', () => {
  expect(failureOfWay(refused, null)).toEqual(refused)
  expect(refused).toMatchObject({ code: 'cluster-unreachable', detail: 'api-refused' })
})

it('calls the proxy refusing when kubectl had to go through one', () => {
  const failure = failureOfWay(refused, 'proxy.example.test:3128')
  expect(failure).toMatchObject({ code: 'cluster-unreachable', detail: 'proxy' })
  expect(failure.message).toContain('proxy.example.test:3128')
  expect(failure.message).not.toContain('10.0.0.1')
})
