import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = join(import.meta.dirname, '../../renderer/src')
const css = readFileSync(join(source, 'app/tokens.css'), 'utf8')
const tokens = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }] as const,
  ),
)

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string, theme: 'light' | 'dark'): number {
  const [a, b] = [one, other].map((name) => {
    const token = tokens.get(name)
    if (token === undefined) throw new Error(`no token --${name}`)
    return luminance(token[theme])
  }) as [number, number]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

const grounds = ['surface', 'bg', 'raised', 'hover', 'selected']
const texts = ['text', 'muted', 'faint', 'accent', 'live', 'busy', 'warn', 'hold', 'off', 'danger']
const textPairs = [
  ...texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)),
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['on-danger', 'danger'],
  ...['live', 'busy', 'warn', 'hold'].flatMap((state) => [
    [state, `${state}-tint`] as const,
    ['text', `${state}-tint`] as const,
    ['muted', `${state}-tint`] as const,
  ]),
  ['off', 'off-tint'],
  ['muted', 'off-tint'],
  ['text', 'off-tint'],
] as const

describe.each(['light', 'dark'] as const)('colours of the %s theme', (theme) => {
  it.each(textPairs)('let %s be read on %s', (text, ground) => {
    expect(contrast(text, ground, theme)).toBeGreaterThanOrEqual(4.5)
  })

  it.each(['control', 'focus', 'mark-blue', 'mark-green', 'mark-amber', 'mark-red', 'mark-violet', 'mark-teal'])(
    'let %s be seen on every ground',
    (token) => {
      for (const ground of ['surface', 'bg', 'raised']) expect(contrast(token, ground, theme)).toBeGreaterThanOrEqual(3)
    },
  )
})

describe('colours', () => {
  it('are written nowhere but in the tokens', () => {
    const sheets = globSync('**/*.css', { cwd: source }).filter((path) => path !== join('app', 'tokens.css'))
    const wrong = sheets.filter((path) =>
      /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i.test(readFileSync(join(source, path), 'utf8')),
    )
    expect(wrong).toEqual([])
    expect(sheets.length).toBeGreaterThan(10)
  })
})
