import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { parsePort, parseTarget } from './forward-arguments.ts'

describe('a port on the command line', () => {
  it.each([
    ['8080', { remote: 8080, local: 0 }],
    ['http', { remote: 'http', local: 0 }],
    [':http', { remote: 'http', local: 0 }],
    ['9000:8080', { remote: 8080, local: 9000 }],
    ['9000:http', { remote: 'http', local: 9000 }],
  ])('%s', (text, port) => expect(parsePort(text)).toEqual({ ...port, bind: '127.0.0.1' }))

  it.each(['9000:80:90', '9000:', ':', '', '0', '70000', '70000:80', 'x:80', '-1:80', '1.5:80', '80:70000'])(
    'refuses %j',
    (text) => expect(() => parsePort(text)).toThrow(InvalidArgumentError),
  )
})

describe('a target on the command line', () => {
  it.each([
    ['svc/web', { kind: 'service', name: 'web' }],
    ['deploy/web', { kind: 'deployment', name: 'web' }],
    ['statefulsets/db', { kind: 'statefulset', name: 'db' }],
    ['po/web-0', { kind: 'pod', name: 'web-0' }],
    ['web-0', { kind: 'pod', name: 'web-0' }],
    ['app.kubernetes.io/name=web', { kind: 'selector', selector: 'app.kubernetes.io/name=web' }],
    ['app!=web', { kind: 'selector', selector: 'app!=web' }],
    ['selector/app=web,tier in (a,b)', { kind: 'selector', selector: 'app=web,tier in (a,b)' }],
  ])('%s', (text, target) => expect(parseTarget(text)).toEqual(target))

  it.each(['cow/web', 'constructor/web', 'svc/', '', '/web'])('refuses %j', (text) =>
    expect(() => parseTarget(text)).toThrow(InvalidArgumentError),
  )
})
