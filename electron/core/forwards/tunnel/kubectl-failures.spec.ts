import { expect, it } from 'vitest'
import { failureOfExit, failureOfPod, failureOfWay } from './kubectl-failures.ts'

const failureOfLine = (line: string) =>
  failureOfExit({ code: 1, signal: null, lastLines: [], timedOut: false, outputTooLarge: false }, [line], 'web')

const refused = failureOfLine(
  'The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?',
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

it('takes a chosen pod that is not there for replaced, so that clients wait for the next one', () => {
  const gone = failureOfLine('Error from server (NotFound): pods "web-1" not found')
  for (const target of [
    { kind: 'pod', name: 'web-1', uid: 'a' },
    { kind: 'reference', reference: 'deploy/web' },
  ] as const)
    expect(failureOfPod(gone, target)).toMatchObject({ code: 'pod-replaced', detail: 'pod-gone' })
})

it('calls missing what was named', () => {
  const pod = failureOfLine('Error from server (NotFound): pods "web-1" not found')
  expect(failureOfPod(pod, { kind: 'reference', reference: 'pod/web-1' }).code).toBe('target-missing')
  const deployment = failureOfLine('Error from server (NotFound): deployments.apps "web" not found')
  expect(failureOfPod(deployment, { kind: 'reference', reference: 'deploy/web' }).code).toBe('target-missing')
})
