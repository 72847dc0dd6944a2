import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright'

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Rules whose findings differ between the themes. */
const colourRules = ['color-contrast', 'link-in-text-block']
const allRules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What cannot hold while everything but an open list is hidden; the focus cannot get there without closing it. */
const hiddenMeanwhile = ['aria-hidden-focus', 'page-has-heading-one', 'region']

/**
 * What axe finds on a page as it stands, one line each: WCAG 2.0 to 2.2 A and AA, and best practice.
 * `seriousOnly` leaves out what is minor or moderate; `popup`: a list of suggestions or a menu is open; `coloursOnly`:
 * the same page was looked at in another theme.
 */
export async function axeFindings(
  page: Page,
  { seriousOnly = false, popup = false, coloursOnly = false } = {},
): Promise<string[]> {
  await page.evaluate(source)
  const { violations } = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
        resultTypes: ['violations'],
        runOnly,
      }),
    coloursOnly ? { type: 'rule', values: colourRules } : { type: 'tag', values: allRules },
  )
  return violations
    .filter(({ impact }) => !seriousOnly || impact === 'serious' || impact === 'critical')
    .filter(({ id }) => !popup || !hiddenMeanwhile.includes(id))
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary?.split('\n')[1] ?? ''}`),
    )
}
