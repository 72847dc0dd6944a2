import { join } from 'node:path'
import type { Locator } from 'playwright'
import { expect } from 'vitest'

/**
 * Scenes that are kept as a screen reader gets them. Left out are menus, tabs that hold one thing (notes, output), and
 * the same pages with a notice above them or with more in them.
 */
export const heardScenes: ReadonlySet<string> = new Set([
  'clusters',
  'clusters-empty',
  'clusters-overview',
  'clusters-connection',
  'clusters-credentials',
  'clusters-remove',
  'add-clusters',
  'forwards',
  'forwards-holding',
  'forwards-history',
  'forwards-traffic',
  'forwards-settings',
  'forwards-remove-production',
  'new-forward',
  'new-forward-crowded',
  'new-forward-not-there',
  'new-forward-taken',
  'new-forward-forbidden',
  'palette',
  'keys',
  'diagnostics',
  'settings',
  'vault-first-run',
  'vault-no-keychain',
  'vault-locked',
])

/**
 * Where a page is kept as it is heard. Each was read whole, and is to be read whole when it changes: is anything
 * unnamed, said twice, or before what it belongs to? A label stands before its field as a text and is the name of the
 * field too: so it is read line by line; by Tab it is said once.
 */
export const heardFile = (name: string): string => join(import.meta.dirname, 'heard', `${name}.txt`)

/** What a screen reader gets, without what goes on while one looks (ages, traffic), and where the pages lie. */
async function heard(part: Locator): Promise<string> {
  const tree = `${await part.ariaSnapshot()}\n`
  return tree
    .replaceAll(/^ *- \/url: .*\n/gm, '')
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, '‹clock›')
    .replaceAll(/\b[A-Z][a-z]{2} \d{1,2}, \d{4}\b/g, '‹day›')
    .replaceAll(/\b\d+ (s|min|h|d)\b/g, '‹time›')
    .replaceAll(/\b[\d.]+ [kMG]?B\b/g, '‹bytes›')
    .replaceAll(/(again|next) (in ‹time›|now)/g, '$1 ‹soon›')
}

/** The same, once what is asked for has come: it stands still from one look to the next. */
export async function heardAtLast(part: Locator): Promise<string> {
  let last = ''
  await expect
    .poll(
      async () => {
        const before = last
        last = await heard(part)
        return last === before
      },
      { interval: 150, timeout: 10_000 },
    )
    .toBe(true)
  return last
}
