import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { manyWorld } from '../../testing/crowded-worlds.ts'
import { openPage } from '../../testing/open-page.tsx'

const grid = page.getByRole('grid')
const focused = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>('[role=row]') ?? null

describe('ten thousand forwards', () => {
  it('are counted for everybody, and only those on screen are drawn', async () => {
    openPage(manyWorld(10_000), '/forwards')
    // Each of a hundred clusters has a head, and the headings are a row too.
    await expect.element(grid).toHaveAttribute('aria-rowcount', '10101')
    await expect.poll(() => page.getByRole('row').elements().length).toBeGreaterThan(10)
    expect(page.getByRole('row').elements().length).toBeLessThan(100)
    const places = page
      .getByRole('row')
      .elements()
      .map((row) => Number(row.getAttribute('aria-rowindex')))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places[0]).toBe(1)
  })

  it('are walked by keys from end to end, and the focus survives its row leaving the window', async () => {
    openPage(manyWorld(10_000), '/forwards')
    await expect.poll(() => document.querySelector('[data-row-id]')).not.toBeNull()
    document.querySelector<HTMLElement>('[data-row-id]')?.focus()
    await userEvent.keyboard('{End}')
    await expect.poll(() => focused()?.getAttribute('aria-rowindex')).toBe('10101')
    await userEvent.keyboard('{ArrowUp}')
    expect(focused()?.getAttribute('aria-rowindex')).toBe('10100')
    expect(focused()?.getBoundingClientRect().bottom).toBeLessThan(window.innerHeight)
    grid.element().scrollTop = 0
    await expect.poll(() => document.querySelector('[aria-rowindex="3"]')).not.toBeNull()
    expect(focused()?.getAttribute('aria-rowindex')).toBe('10100')
    await userEvent.keyboard('{ArrowUp}')
    expect(focused()?.getAttribute('aria-rowindex')).toBe('10099')
    await userEvent.keyboard('{Home}')
    await expect.poll(() => focused()?.getAttribute('aria-rowindex')).toBe('3')
    expect(document.querySelectorAll('[data-row-id][tabindex="0"]')).toHaveLength(1)
  })

  it('are found by what is typed', async () => {
    openPage(manyWorld(10_000), '/forwards')
    await page.getByRole('searchbox', { name: 'Filter forwards' }).fill('forward-09998')
    await expect.element(grid).toHaveAttribute('aria-rowcount', '3')
    await userEvent.keyboard('{ArrowDown}')
    await expect.poll(() => focused()?.textContent).toContain('forward-09998')
  })
})
