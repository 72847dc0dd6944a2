import type { Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axeFindings } from '../support/axe.ts'
import { openPage, useTestingPage } from './page-world.ts'
import { goTo, scenes } from './scenes.ts'

const world = useTestingPage()

const violationsOf = (page: Page): Promise<string[]> =>
  page.evaluate(() => (globalThis as unknown as { violations: string[] }).violations)

describe.each(['light', 'dark'] as const)('every page, %s,', (theme) => {
  let page: Page
  let errors: string[]
  beforeAll(async () => {
    ;({ page, errors } = await openPage(world, theme, { width: 1280, height: 800 }))
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
  })
})
