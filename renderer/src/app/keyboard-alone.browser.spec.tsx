import { expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../testing/busy-world.ts'
import { callsOf, openPage } from '../testing/open-page.tsx'
import { emptyWorld } from '../testing/world.ts'

/** What has the focus, as assistive technology would name it. */
function focused(): string {
  const element = document.activeElement as HTMLElement | null
  if (element === null) return ''
  const labelled = element.getAttribute('aria-labelledby')
  const label = labelled === null ? null : document.getElementById(labelled)?.textContent
  const own = 'labels' in element ? (element as HTMLInputElement).labels?.[0]?.textContent : undefined
  return label ?? element.getAttribute('aria-label') ?? own ?? element.textContent
}

/** Presses Tab until something of that name has the focus; bounded, so that what cannot be reached is said. */
async function tabTo(name: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if (name.test(focused())) return
    await userEvent.keyboard('{Tab}')
  }
  throw new Error(`Tab never reached ${name.source}; it ended on "${focused()}"`)
}

// Some hundred keys, each a way to the browser and back.
const manyKeys = { timeout: 60_000 }

it('a forward is made, stopped, looked at and removed with the keyboard alone', manyKeys, async () => {
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

/** Copies a text with the keyboard, as from another program. */
async function copyElsewhere(text: string): Promise<void> {
  const elsewhere = document.createElement('textarea')
  elsewhere.value = text
  const before = document.activeElement as HTMLElement | null
  document.body.append(elsewhere)
  elsewhere.select()
  await userEvent.copy()
  elsewhere.remove()
  before?.focus()
}

it(
  'the vault is set up, a cluster added, tested, given new credentials and removed with the keyboard alone',
  manyKeys,
  async () => {
    const world = emptyWorld()
    const keychain = { available: false, reason: 'No Secret Service runs.' }
    const owner = openPage(
      { ...world, vault: { ...world.vault, state: 'not-set-up', provider: null, keychain } },
      '/clusters',
    )
    await expect.element(page.getByRole('heading', { name: 'Welcome to Mooring' })).toBeVisible()
    await tabTo(/^New passphrase/)
    await userEvent.keyboard('correct horse')
    await tabTo(/^The same again/)
    await userEvent.keyboard('correct horse{Enter}')
    await expect.poll(() => callsOf(owner, 'vault.setup')).toHaveLength(1)

    await expect.element(page.getByRole('link', { name: 'Paste a kubeconfig' })).toBeVisible()
    await tabTo(/^Paste a kubeconfig/)
    await userEvent.keyboard('{Enter}')
    await expect.poll(focused).toBe('Kubeconfig')
    const kubeconfig = 'apiVersion: v1\nkind: Config\n'
    await copyElsewhere(kubeconfig)
    await userEvent.paste()
    await expect.element(page.getByRole('button', { name: 'Add 1 cluster' })).toBeVisible()
    expect(callsOf(owner, 'kubeconfigs.preview').at(-1)).toMatchObject({ text: kubeconfig })
    await tabTo(/^Add 1 cluster/)
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'clusters.add')).toHaveLength(1)

    const { name } = owner.world.clusters[0]!
    const detail = page.getByRole('complementary', { name: `Cluster ${name}` })
    await expect.element(detail).toBeVisible()
    await tabTo(/^Test connection/)
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'clusters.test')).toHaveLength(1)
    await expect.element(detail.getByRole('tab', { name: 'Connection', selected: true })).toBeVisible()
    await expect.element(detail.getByText('A port-forward to pod web-0 in default can be opened.')).toBeVisible()

    // Tabs are one stop of Tab, and arrows go through them.
    await tabTo(/^Connection$/)
    await userEvent.keyboard('{ArrowRight}{Enter}')
    await expect.element(detail.getByRole('tab', { name: 'Credentials', selected: true })).toBeVisible()
    await tabTo(/^Kubeconfig/)
    await userEvent.paste()
    await expect.element(detail.getByText('https://', { exact: false }).first()).toBeVisible()
    await tabTo(/^Test and replace/)
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'clusters.rotate')).toHaveLength(1)

    // The list is behind: Esc leads to the row, and its menu is on a key.
    await userEvent.keyboard('{Escape}')
    await expect.element(detail).not.toBeInTheDocument()
    await expect.poll(() => document.activeElement?.getAttribute('role')).toBe('row')
    await userEvent.keyboard('{ArrowRight}{Enter}')
    await expect.element(page.getByRole('menuitem', { name: /^Remove/ })).toBeVisible()
    await userEvent.keyboard('{End}')
    for (let presses = 0; presses < 12 && !/^Remove/.test(focused()); presses += 1)
      await userEvent.keyboard('{ArrowUp}')
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByRole('dialog')).toBeVisible()
    await tabTo(new RegExp(`^Remove ${name}`))
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'clusters.remove')).toHaveLength(1)
    await expect.element(page.getByRole('link', { name: 'Paste a kubeconfig' })).toBeVisible()
  },
)

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
