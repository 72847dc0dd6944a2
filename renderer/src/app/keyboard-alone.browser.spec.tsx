import { expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../testing/busy-world.ts'
import { callsOf, openPage } from '../testing/open-page.tsx'

/** What has the focus, as assistive technology would name it. */
function focused(): string {
  const element = document.activeElement as HTMLElement | null
  if (element === null) return ''
  const labelled = element.getAttribute('aria-labelledby')
  const label = labelled === null ? null : document.getElementById(labelled)?.textContent
  return label ?? element.getAttribute('aria-label') ?? element.textContent
}

/** Presses Tab until something of that name has the focus; bounded, so that what cannot be reached is said. */
async function tabTo(name: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if (name.test(focused())) return
    await userEvent.keyboard('{Tab}')
  }
  throw new Error(`Tab never reached ${name.source}; it ended on "${focused()}"`)
}

it('a forward is made, stopped, looked at and removed with the keyboard alone', async () => {
  const owner = openPage(busyWorld(), '/clusters')
  await expect.element(page.getByRole('grid', { name: 'Clusters' })).toBeVisible()
  await userEvent.keyboard('{Control>}k{/Control}')
  await expect.element(page.getByRole('dialog')).toBeVisible()
  await userEvent.keyboard('New forward')
  await expect.element(page.getByRole('option', { name: /New forward/ }).first()).toBeVisible()
  await userEvent.keyboard('{Enter}')
  await expect.element(page.getByRole('complementary', { name: 'New forward' })).toBeVisible()

  await expect.poll(focused).toBe('Namespace')
  await userEvent.keyboard('payments{Escape}')
  await tabTo(/^Target/)
  await userEvent.keyboard('svc/check')
  await expect.element(page.getByRole('option', { name: /svc\/checkout/ })).toBeVisible()
  await userEvent.keyboard('{ArrowDown}{Enter}')
  await expect.element(page.getByRole('combobox', { name: 'Target' })).toHaveValue('svc/checkout')
  await tabTo(/^Start forward/)
  await userEvent.keyboard('{Enter}')
  await expect.poll(() => callsOf(owner, 'forwards.create')).toHaveLength(1)
  const { namespace, target } = callsOf(owner, 'forwards.create')[0] as { namespace: string; target: object }
  expect({ namespace, target }).toEqual({ namespace: 'payments', target: { kind: 'service', name: 'checkout' } })

  // The list is one stop of Tab; letters act on the row that has the focus.
  const made = owner.world.forwards.at(-1)!
  await expect.element(page.getByRole('complementary', { name: `Forward ${made.name}` })).toBeVisible()
  await userEvent.keyboard('{Escape}')
  await expect.poll(() => document.activeElement?.closest('[role=row]')?.getAttribute('data-row-id')).toBe(made.id)
  await userEvent.keyboard('s')
  await expect.poll(() => callsOf(owner, 'forwards.stop')).toHaveLength(1)
  await userEvent.keyboard('l')
  await expect.element(page.getByRole('tab', { name: 'Output', selected: true })).toBeVisible()
  await userEvent.keyboard('{Escape}')
  await expect.poll(() => document.activeElement?.closest('[role=row]')?.getAttribute('data-row-id')).toBe(made.id)

  await userEvent.keyboard('{Delete}')
  await expect.element(page.getByRole('dialog')).toBeVisible()
  await tabTo(/^Remove/)
  await userEvent.keyboard('{Enter}')
  await expect.element(page.getByRole('button', { name: /^Undo/ }).first()).toBeVisible()
})

it('a message in the corner takes no keys from the page', async () => {
  openPage(busyWorld(), '/forwards')
  const grafana = page.getByRole('row', { name: /svc\/grafana/ })
  await expect.element(grafana).toBeVisible()
  ;(grafana.element() as HTMLElement).focus()
  await userEvent.keyboard('{Delete}')
  await expect.element(page.getByText('grafana is removed.')).toBeVisible()
  await userEvent.keyboard('gn')
  const form = page.getByRole('complementary', { name: 'New forward' })
  await expect.element(form).toBeVisible()
  await expect.poll(focused).toBe('Namespace')
  // The first Esc leaves the field, the second one the form; the focus goes back to the list.
  await userEvent.keyboard('{Escape}{Escape}')
  await expect.element(form).not.toBeInTheDocument()
  await expect.poll(() => document.activeElement?.closest('[role=row]')?.textContent).toContain('grafana')
  await expect.element(page.getByText('grafana is removed.')).toBeVisible()
})

it('a page whose buttons are gone hands the focus to the next one', async () => {
  openPage(busyWorld(), '/clusters/add')
  const cancel = page.getByRole('button', { name: 'Cancel' })
  await expect.element(cancel).toBeVisible()
  ;(cancel.element() as HTMLElement).focus()
  await userEvent.keyboard('{Enter}')
  await expect.element(page.getByRole('grid', { name: 'Clusters' })).toBeVisible()
  await expect.poll(() => document.activeElement?.getAttribute('data-region')).toBe('main')
  await userEvent.keyboard('{Tab}')
  expect(document.activeElement?.textContent).toBe('Add clusters')
})
