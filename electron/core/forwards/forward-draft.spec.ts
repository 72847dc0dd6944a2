import { describe, expect, it } from 'vitest'
import { defaultName, isSelector, keepPorts } from './forward-draft.ts'
import { isExposed } from '../../../contract/local-address.ts'
import { overlap } from './listener/local-port.ts'

const bind = '127.0.0.1'

describe('a label selector', () => {
  it.each([
    'app=web',
    'app==web',
    'app!=web',
    'app',
    '!app',
    'app=',
    'app=web,tier=back',
    'app in (web, api),tier notin (cache)',
    'app.kubernetes.io/name=web',
    'a.b-c/d_e.f in (x)',
    ' app = web , tier ',
  ])('may be written as %s', (text) => expect(isSelector(text)).toBe(true))

  it.each(['', ',', 'app=web,', 'app in web', 'app>1', 'app=web;rm', '-app=web', 'app=we b', 'app in ()x', 'a/b/c=d'])(
    'may not be written as "%s"',
    (text) => expect(isSelector(text)).toBe(false),
  )

  it('of the longest length is judged at once', () => {
    const startedAt = performance.now()
    isSelector(`${'a.'.repeat(499)}!`)
    isSelector('a/a in ('.repeat(120))
    expect(performance.now() - startedAt).toBeLessThan(500)
  })
})

describe('edited ports', () => {
  const before = [
    { id: 'a', remote: 80, local: 20_001, bind },
    { id: 'b', remote: 'http', local: 20_002, bind },
  ]

  it('keep id and local port where the remote port stays', () => {
    expect(keepPorts([{ remote: 'http', local: 0, bind }], before)).toEqual([before[1]])
  })

  it('keep their local socket where only the remote port changes', () => {
    expect(keepPorts([{ remote: 81, local: 20_001, bind }], before)).toEqual([{ ...before[0], remote: 81 }])
  })

  it('are new where neither stays, and each old one is taken over once', () => {
    const ports = keepPorts(
      [
        { remote: 80, local: 0, bind },
        { remote: 80, local: 0, bind },
        { remote: 81, local: 30_000, bind },
      ],
      before,
    )
    expect(ports[0]).toEqual(before[0])
    expect(new Set(ports.map(({ id }) => id)).size).toBe(3)
    expect(ports[1]).toMatchObject({ local: 0 })
  })

  it('that swap their local ports both keep an id', () => {
    const swapped = keepPorts(
      [
        { remote: 80, local: 20_002, bind },
        { remote: 'http', local: 20_001, bind },
      ],
      before,
    )
    expect(swapped.map(({ id }) => id).sort()).toEqual(['a', 'b'])
  })
})

it('is named after what it leads to', () => {
  expect(defaultName({ kind: 'service', name: 'web' }, [{ remote: 'http', local: 0, bind }])).toBe('svc/web:http')
  expect(defaultName({ kind: 'selector', selector: 'app=web' }, [{ remote: 80, local: 0, bind }])).toBe('app=web:80')
})

describe('local addresses', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '0.0.0.0', true],
    ['127.0.0.1', '::', true],
    ['127.0.0.1', '::1', false],
    ['0.0.0.0', '::1', false],
  ])('%s and %s cannot both be listened on: %s', (a, b, expected) => {
    expect(overlap({ bind: a, local: 1 }, { bind: b, local: 1 })).toBe(expected)
    expect(overlap({ bind: a, local: 1 }, { bind: b, local: 2 })).toBe(false)
  })

  it('other than loopback can be reached by other machines', () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', '0.0.0.0', '192.168.1.5'].map(isExposed)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ])
  })
})
