import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'
import { emptyWorld } from '../../testing/world.ts'

const box = page.getByRole('textbox', { name: 'Kubeconfig' })

describe('adding clusters', () => {
  it('shows what a paste holds and risks, and runs and stores nothing', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    await box.fill('apiVersion: v1')
    await expect.element(page.getByRole('heading', { name: '4 contexts' })).toBeVisible()
    await expect.element(page.getByText('The server is plain http', { exact: false })).toBeVisible()
    await expect
      .element(page.getByText('The file /home/sam/lab/admin.key does not exist on this machine.'))
      .toBeVisible()
    await expect.element(page.getByText('already stored as shop-staging')).toBeVisible()
    await expect.element(page.getByRole('checkbox', { name: 'gke_legacy' })).toBeDisabled()
    expect(callsOf(owner, 'clusters.add')).toEqual([])
    expect(callsOf(owner, 'clusters.test')).toEqual([])
  })

  it('adds what is ticked; a command only with its own yes', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    await box.fill('apiVersion: v1')
    const allow = page.getByRole('checkbox', { name: 'Allow aws eks get-token --cluster-name shop-prod' })
    await expect.element(allow).not.toBeChecked()
    await expect.element(page.getByText('Allow the command of shop-prod, or untick it.')).toBeVisible()
    await page.getByRole('checkbox', { name: 'old-lab' }).click()
    await allow.click()
    await page.getByRole('button', { name: 'Add 1 cluster' }).click()
    await expect.element(page.getByText('shop-prod was added.')).toBeVisible()
    expect(callsOf(owner, 'clusters.add')).toEqual([
      {
        text: 'apiVersion: v1',
        contexts: [{ context: 'shop-prod' }],
        allowCommands: [{ command: 'aws', args: ['eks', 'get-token', '--cluster-name', 'shop-prod'] }],
        embedFiles: [],
      },
    ])
  })

  it('makes the first cluster the active one, and says so at once', async () => {
    const world = emptyWorld()
    world.preview = busyWorld().preview
    openPage(world, '/clusters/add')
    await expect.element(page.getByRole('combobox', { name: 'Active cluster' })).toMatchTextContent('No clusters')
    await box.fill('apiVersion: v1')
    await page.getByRole('checkbox', { name: 'Allow aws eks get-token --cluster-name shop-prod' }).click()
    await page.getByRole('button', { name: /^Add \d cluster/ }).click()
    await expect.element(page.getByRole('combobox', { name: 'Active cluster' })).toMatchTextContent('shop-prod')
  })

  it('cannot add while nothing is ticked, and says why', async () => {
    openPage(busyWorld(), '/clusters/add')
    const add = page.getByRole('button', { name: 'Add clusters' })
    await expect.element(add).toHaveAttribute('aria-disabled', 'true')
    await expect.element(add).toHaveAttribute('title', 'Paste a kubeconfig first')
  })

  it('takes the default kubeconfig without showing its text', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    await page.getByRole('button', { name: 'Default (3 contexts)' }).click()
    await expect.element(page.getByText('/home/sam/.kube/config')).toBeVisible()
    await expect.poll(() => callsOf(owner, 'kubeconfigs.preview')).toEqual([{ default: true }])
  })

  it('says in place what is wrong with a text', async () => {
    const world = busyWorld()
    world.preview = {
      verdict: 'error',
      error: 'yaml-syntax',
      contexts: [],
      problems: [
        {
          code: 'yaml-syntax',
          severity: 'error',
          message: 'This is not YAML.',
          next: 'Mend it, or paste it again.',
          line: 2,
          column: 3,
        },
      ],
    }
    openPage(world, '/clusters/add')
    await box.fill('{ not yaml')
    await expect.element(page.getByText('Line 2, column 3.')).toBeVisible()
  })
})
