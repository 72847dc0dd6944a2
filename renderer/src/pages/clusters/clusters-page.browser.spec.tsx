import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { sampleCluster } from '../../testing/samples.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'

const row = (name: RegExp) => page.getByRole('row', { name }).first()

/** The names in the list, from top to bottom. */
const names = (): string[] =>
  [...document.querySelectorAll('[data-row-id]')]
    .map((each) => each.children[2]?.textContent ?? '')
    .filter((name) => name !== 'shop-prod')

/** One of production before three of staging, to be put into another order. */
function orderedWorld() {
  const world = busyWorld()
  const [production] = world.clusters
  const staging = ['first', 'second', 'third'].map((name) => sampleCluster({ name, environment: 'staging' }))
  world.clusters = [production!, ...staging].map((cluster, position) => ({ ...cluster, position }))
  return world
}

describe('the list of clusters', () => {
  it('is there at once and asks the network nothing', async () => {
    const owner = openPage(busyWorld(), '/clusters')
    await expect.element(row(/shop-staging/)).toMatchTextContent('connected')
    await expect.element(row(/edge-berlin/)).toMatchTextContent('The API server does not answer.')
    await expect.element(row(/lab/)).toMatchTextContent('not checked')
    expect(owner.calls.map(({ name }) => name).filter((name) => name !== 'clusters.active')).toEqual([])
  })

  it('tests a connection step by step, and names what was not reached', async () => {
    openPage(busyWorld(), '/clusters')
    await expect.element(row(/edge-berlin/)).toBeVisible()
    ;(row(/edge-berlin/).element() as HTMLElement).focus()
    await userEvent.keyboard('t')
    const ladder = page.getByRole('complementary').getByRole('list').last()
    await expect.element(ladder).toMatchTextContent('198.51.100.7:6443 did not answer within 5 s.')
    await expect.element(ladder).toMatchTextContent('Tunnelnot reached')
  })

  it('tests at the first press of the button, wherever it is', async () => {
    const world = busyWorld()
    const lab = world.clusters.find(({ name }) => name === 'lab')!
    const owner = openPage(world, `/clusters/${lab.id}`)
    await page.getByRole('button', { name: 'Test connection' }).click()
    await expect.element(page.getByText('A port-forward to pod web-0 in default can be opened.')).toBeVisible()
    expect(callsOf(owner, 'clusters.test')).toEqual([{ id: lab.id }])
  })

  it('is put into the order somebody wants by keys, with the focus and the place said', async () => {
    const owner = openPage(orderedWorld(), '/clusters')
    await expect.poll(names).toEqual(['first', 'second', 'third'])
    ;(row(/third/).element() as HTMLElement).focus()
    await userEvent.keyboard('{Alt>}{ArrowUp}{/Alt}')
    await expect.poll(names).toEqual(['first', 'third', 'second'])
    await expect.element(page.getByText('third is 2 of 3 in STAGING.')).toBeInTheDocument()
    await userEvent.keyboard('{Alt>}{ArrowUp}{/Alt}')
    await expect.poll(names).toEqual(['third', 'first', 'second'])
    expect(document.activeElement?.textContent).toContain('third')
    // The first row stays where it is, whatever is pressed.
    await userEvent.keyboard('{Alt>}{ArrowUp}{/Alt}')
    expect(callsOf(owner, 'clusters.update')).toHaveLength(2)
    await page.getByRole('combobox', { name: 'Active cluster' }).click()
    await expect.poll(() => page.getByRole('option').elements()).toHaveLength(4)
    expect(page.getByRole('option').elements()[1]?.textContent).toContain('third')
  })

  it('is put into that order by dragging a handle', async () => {
    openPage(orderedWorld(), '/clusters')
    await expect.poll(names).toEqual(['first', 'second', 'third'])
    await userEvent.dragAndDrop(
      row(/first/).getByTitle('Drag, or Alt+Up and Alt+Down'),
      row(/third/).getByTitle('Drag, or Alt+Up and Alt+Down'),
      { targetPosition: { x: 8, y: 22 } },
    )
    await expect.poll(names).toEqual(['second', 'third', 'first'])
  })

  it('says what a removed cluster takes with it, before it is removed', async () => {
    const owner = openPage(busyWorld(), '/clusters')
    await page.getByRole('button', { name: 'Actions for shop-prod' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    const dialog = page.getByRole('dialog', { name: 'Remove shop-prod?' })
    await expect.element(dialog).toMatchTextContent('5 forwards lead to it and will be removed too.')
    expect(callsOf(owner, 'clusters.remove')).toEqual([])
    await dialog.getByRole('button', { name: 'Remove shop-prod' }).click()
    await expect.element(dialog).not.toBeInTheDocument()
    await expect.element(row(/shop-prod/)).not.toBeInTheDocument()
  })

  it('replaces credentials only after a look at them', async () => {
    const world = busyWorld()
    const staging = world.clusters.find(({ name }) => name === 'shop-staging')!
    const owner = openPage(world, `/clusters/${staging.id}?part=credentials`)
    await page.getByRole('textbox', { name: 'Kubeconfig' }).fill('apiVersion: v1')
    await page.getByRole('combobox', { name: 'Context' }).selectOptions('shop-staging')
    await expect.element(page.getByText('This is another server.')).toBeVisible()
    await page.getByRole('button', { name: 'Test and replace' }).click()
    await expect.element(page.getByText('shop-staging has new credentials.')).toBeVisible()
    expect(callsOf(owner, 'clusters.rotate')).toMatchObject([{ id: staging.id, context: 'shop-staging' }])
  })

  it('saves an environment when its field is left', async () => {
    const world = busyWorld()
    const lab = world.clusters.find(({ name }) => name === 'lab')!
    const owner = openPage(world, `/clusters/${lab.id}`)
    await page.getByRole('combobox', { name: 'Environment' }).fill('staging')
    await userEvent.tab()
    await expect.poll(() => callsOf(owner, 'clusters.update')).toEqual([{ id: lab.id, environment: 'staging' }])
    await expect.element(row(/lab/)).toMatchTextContent('STAGING')
  })
})
