import { expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { busyWorld } from '../testing/busy-world.ts'
import { openPage } from '../testing/open-page.tsx'
import { tell } from './toast-manager.ts'

it.each([
  [400, 700],
  [800, 600],
  [1280, 800],
])('a message covers no button that ends a form, %i px wide', async (width, height) => {
  await page.viewport(width, height)
  openPage(busyWorld(), '/forwards/new')
  const submit = page.getByRole('button', { name: /^Start forward/ })
  await expect.element(submit).toBeVisible()
  const words = `checkout is removed, seen ${width} px wide.`
  tell(words)
  await expect.element(page.getByText(words).first()).toBeVisible()
  for (const button of [submit, page.getByRole('button', { name: 'Cancel' })]) {
    const { left, top, right, bottom } = button.element().getBoundingClientRect()
    for (const [x, y] of [
      [left + 2, top + 2],
      [right - 2, bottom - 2],
      [(left + right) / 2, (top + bottom) / 2],
    ] as const)
      expect(button.element().contains(document.elementFromPoint(x, y))).toBe(true)
  }
})
