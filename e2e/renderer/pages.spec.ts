import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.ts'
import { heardAtLast, heardFile, heardScenes } from './heard.ts'
import { useTestingPage } from './page-world.ts'
import { goTo, type Scene, scenes } from './scenes.ts'

const world = useTestingPage()

/** A page that notes every violation of the policy and every error. Its wall clock stands: days and ages are the same in each run. */
async function openPage(theme: 'light' | 'dark', viewport: { width: number; height: number }) {
  const look = { viewport, colorScheme: theme, reducedMotion: 'reduce' as const }
  const context = await world.browser.newContext({ ...look, locale: 'en-US', timezoneId: 'UTC' })
  await context.clock.setFixedTime(new Date('2026-03-10T12:00:00Z'))
  await world.served.showIn(context)
  await context.addInitScript(() => {
    const seen: string[] = []
    Object.assign(globalThis, { violations: seen })
    document.addEventListener('securitypolicyviolation', (event) =>
      seen.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`),
    )
  })
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
  })
  return { page, errors }
}

const violationsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations)

/** Words that end without a sign that there are more of them: in a box that hides what does not fit, and in states. */
const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const tight = [...document.querySelectorAll<HTMLElement>('body *')].filter((element) => {
      const { overflowX, textOverflow } = getComputedStyle(element)
      const state = element.matches('[role=row] > [role=gridcell]:nth-child(2)')
      const { left, right } = element.getBoundingClientRect()
      if (element.matches('button, a') && (left < 0 || right > innerWidth)) return true
      // What is 1 px wide is meant for those who listen.
      return (
        element.scrollWidth > element.clientWidth + 1 &&
        element.clientWidth > 1 &&
        element.innerText !== '' &&
        (state || ((overflowX === 'hidden' || overflowX === 'clip') && textOverflow !== 'ellipsis'))
      )
    })
    return tight.map((element) => `${element.className}: ${element.innerText.slice(0, 80)}`)
  })

/**
 * What a listener is led to: the dialogue that asks, else the detail or the form beside a list (with the suggestions
 * that are open), else the page.
 */
async function heardHere(page: Page, { popup }: Scene): Promise<string> {
  const dialog = page.getByRole('dialog')
  if ((await dialog.count()) > 0) return heardAtLast(dialog)
  const aside = page.getByRole('complementary')
  const part = await heardAtLast((await aside.count()) > 0 ? aside : page.getByRole('main'))
  return popup === true ? `${part}${await heardAtLast(page.getByRole('listbox'))}` : part
}

describe.each(['light', 'dark'] as const)('every page, %s,', (theme) => {
  let page: Page
  let errors: string[]
  beforeAll(async () => {
    ;({ page, errors } = await openPage(theme, { width: 1280, height: 800 }))
  })
  afterAll(async () => {
    await page.context().close()
  })

  it.each(scenes)('keeps the policy and can be used by everybody: $name', async (scene) => {
    errors.length = 0
    await goTo(page, world.served.url, scene, theme)
    expect(await axeFindings(page, { popup: scene.popup === true })).toEqual([])
    expect(await violationsOf(page)).toEqual([])
    expect(errors).toEqual([])
    if (theme === 'light' && heardScenes.has(scene.name))
      await expect(await heardHere(page, scene)).toMatchFileSnapshot(heardFile(scene.name))
    if (theme === 'light' && scene.name === 'clusters')
      for (const around of ['navigation', 'contentinfo'] as const)
        await expect(await heardAtLast(page.getByRole(around))).toMatchFileSnapshot(heardFile(around))
  })
})

// The room is the same in both themes; on which ground a word stands is not the same at every size.
describe.each([
  ['400 px wide', 'light', 'dark', { width: 400, height: 700 }],
  ['at 200 % zoom', 'dark', 'light', { width: 640, height: 400 }],
] as const)('every page %s, %s and %s,', (_name, theme, otherTheme, viewport) => {
  let page: Page
  beforeAll(async () => {
    ;({ page } = await openPage(theme, viewport))
  })
  afterAll(async () => {
    await page.context().close()
  })

  it.each(scenes)(
    'needs no scrolling sideways, cuts no words off, and can be used by everybody: $name',
    async (scene) => {
      await goTo(page, world.served.url, scene, theme)
      const tooWide = await page.evaluate(() => {
        const wide = [...document.querySelectorAll('body *')].filter((element) => {
          const { overflowX } = getComputedStyle(element)
          return element.scrollWidth > element.clientWidth + 1 && (overflowX === 'auto' || overflowX === 'scroll')
        })
        return wide.map(
          (element) => `${element.tagName} ${element.className} ${element.scrollWidth} > ${element.clientWidth}`,
        )
      })
      expect(tooWide).toEqual([])
      expect(await cutOff(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
      expect(await axeFindings(page, { popup: scene.popup === true })).toEqual([])
      await page.evaluate((other) => (document.documentElement.dataset.theme = other), otherTheme)
      expect(await axeFindings(page, { coloursOnly: true })).toEqual([])
    },
  )
})
