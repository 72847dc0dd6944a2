import { expect, it } from 'vitest'
import { useTestingPage } from './page-world.ts'

const world = useTestingPage()

it.each(['css', 'js'])('a page whose %s did not come is loaded again, once, at the same address', async (ending) => {
  const { served, browser } = world
  const context = await browser.newContext()
  await served.showIn(context)
  const page = await context.newPage()
  await page.goto(`${served.url}?world=busy#/forwards`)
  await page.getByRole('heading', { name: 'Port-forwards' }).waitFor()
  let refused = 0
  await context.route(new RegExp(`/assets/settings-page.*\\.${ending}$`), async (route) => {
    refused += 1
    await (refused === 1 ? route.abort('internetdisconnected') : route.fallback())
  })
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor({ timeout: 25_000 })
  expect(page.url()).toContain('#/settings')
  expect(refused).toBeGreaterThan(1)

  // What never comes is said, and not asked for without end.
  await context.route(new RegExp(`/assets/diagnostics-page.*\\.${ending}$`), (route) => route.abort())
  await page.getByRole('link', { name: 'Diagnostics' }).click()
  await page.getByText('Something in this page went wrong.').waitFor({ timeout: 25_000 })
  await context.close()
})
