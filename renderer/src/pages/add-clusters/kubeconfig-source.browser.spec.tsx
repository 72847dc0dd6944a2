import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'

function drop(...names: string[]): void {
  const dataTransfer = new DataTransfer()
  for (const name of names) dataTransfer.items.add(new File(['apiVersion: v1'], name))
  const box = page.getByRole('textbox', { name: 'Kubeconfig' }).element()
  box.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }))
}

describe('a kubeconfig that was picked in the desktop', () => {
  it('keeps its folder, where its relative paths start', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    owner.chosenFile = { name: 'config', base64: btoa('apiVersion: v1'), path: '/home/sam/lab/config' }
    await page.getByRole('button', { name: 'Choose a file' }).click()
    await expect.element(page.getByText('/home/sam/lab/config')).toBeVisible()
    const { base64, path } = owner.chosenFile
    await expect.poll(() => callsOf(owner, 'kubeconfigs.preview')).toEqual([{ base64, path }])
  })
})

describe('a dropped kubeconfig', () => {
  it('is looked at', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    await expect.element(page.getByRole('textbox', { name: 'Kubeconfig' })).toBeVisible()
    drop('dev.yaml')
    await expect.element(page.getByText('dev.yaml')).toBeVisible()
    await expect.poll(() => callsOf(owner, 'kubeconfigs.preview')).toEqual([{ base64: btoa('apiVersion: v1') }])
    expect(page.getByRole('alert').query()).toBeNull()
  })

  it('that came with others says that they were not taken', async () => {
    openPage(busyWorld(), '/clusters/add')
    await expect.element(page.getByRole('textbox', { name: 'Kubeconfig' })).toBeVisible()
    drop('dev.yaml', 'prod.yaml', 'lab.yaml')
    await expect.element(page.getByRole('alert')).toMatchTextContent('Only dev.yaml was taken, of 3 files.')
  })
})
