import { describe, expect, it } from 'vitest'
import { takeToken } from './session.ts'

function open(hash: string) {
  const replaced: string[] = []
  const token = takeToken(
    { hash, pathname: '/', search: '' },
    { replaceState: (_data, _unused, url) => replaced.push(String(url)) },
  )
  return { token, replaced }
}

describe('the token in the address', () => {
  it('is taken once and erased', () => {
    expect(open('#token=a%2Bb')).toEqual({ token: 'a+b', replaced: ['/'] })
  })

  it('is not looked for in a route', () => {
    expect(open('#/forwards')).toEqual({ token: null, replaced: [] })
    expect(open('')).toEqual({ token: null, replaced: [] })
  })
})
