import { describe, expect, it } from 'vitest'
import { unreachable, type UnreachableDetail } from '../../../network/network-failure.ts'
import { causeOf } from '../forwards/causes.ts'
import { failureOf } from '../forwards/evidence.ts'
import { clusterCause } from './api-words.ts'
import { failed, newTest, stepEnded } from './ladder-steps.ts'

const ways: readonly UnreachableDetail[] = ['dns', 'refused', 'timeout', 'tls', 'proxy', 'no-route', 'reset']
const context = {
  target: 'svc/web',
  namespace: 'shop',
  cluster: 'dev',
  pod: null,
  port: 'port 80',
  local: '127.0.0.1:80',
}

describe('what is wrong on the way to the server', () => {
  it.each(ways)('is said in the same words of a forward, a cluster and its test: %s', (way) => {
    const ofCluster = clusterCause(unreachable(way, 'no luck'))
    const { message, next } = causeOf(failureOf('cluster-unreachable', way, 'no luck'), context, 1)
    expect(message.replace(' of dev', '')).toBe(ofCluster.message)
    expect(next).toBe(`${ofCluster.next} It is tried again by itself.`)
    const test = stepEnded(newTest('id', 1), 'tcp', failed('cluster-unreachable', way, 'no luck', 'Do it.'), 1)
    expect(test.cause?.message).toBe(ofCluster.message)
  })

  it('is a name of ours, never one that every object has', () => {
    expect(clusterCause({ ...unreachable('reset', 'no luck'), detail: 'constructor' }).message).toContain('is cut')
  })
})
