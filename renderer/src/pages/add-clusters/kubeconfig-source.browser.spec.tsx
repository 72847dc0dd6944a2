import { describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { appError, fail, ok } from '../../../../contract/errors.ts'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'

function drop(...names: string[]): void {
  dropFiles(names.map((name) => new File(['apiVersion: v1'], name)))
}
function dropFiles(files: readonly File[]): void {
  const event = new DragEvent('drop', { bubbles: true, cancelable: true })
  Object.defineProperty(event, 'dataTransfer', { value: { files, getData: () => '' } })
  page.getByRole('textbox', { name: 'Kubeconfig' }).element().dispatchEvent(event)
}

describe('a kubeconfig that was picked in the desktop', () => {
  it('keeps its folder, where its relative paths start', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    const [base64, path] = [btoa('apiVersion: v1'), '/home/sam/lab/config']
    owner.chosenFile = ok({ name: 'config', base64, path })
    await page.getByRole('button', { name: 'Choose a file' }).click()
    await expect.element(page.getByText('/home/sam/lab/config')).toBeVisible()
    await expect.poll(() => callsOf(owner, 'kubeconfigs.preview')).toEqual([{ base64, path }])
  })

  it('says why it cannot be read, and what to do', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    owner.chosenFile = fail(
      appError('file-not-readable', 'The file /root/config cannot be read.', 'Choose another file.', {
        cause: 'You may not read it.',
      }),
    )
    await page.getByRole('button', { name: 'Choose a file' }).click()
    const words = 'The file /root/config cannot be read. You may not read it. Choose another file.'
    await expect.element(page.getByRole('alert')).toMatchTextContent(words)
    owner.chosenFile = ok({ name: 'config', base64: btoa('apiVersion: v1') })
    await page.getByRole('button', { name: 'Choose a file' }).click()
    await expect.element(page.getByRole('alert')).not.toBeInTheDocument()
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

  it('that cannot be read says so', async () => {
    const owner = openPage(busyWorld(), '/clusters/add')
    await expect.element(page.getByRole('textbox', { name: 'Kubeconfig' })).toBeVisible()
    const folder = new File([], 'folder')
    folder.arrayBuffer = () => Promise.reject(new DOMException('gone', 'NotReadableError'))
    dropFiles([folder])
    await expect
      .element(page.getByRole('alert'))
      .toMatchTextContent(/^folder cannot be read\. It is a folder, .*\. Choose another file/)
    expect(callsOf(owner, 'kubeconfigs.preview')).toEqual([])
  })

  it('that came with others says that they were not taken', async () => {
    openPage(busyWorld(), '/clusters/add')
    await expect.element(page.getByRole('textbox', { name: 'Kubeconfig' })).toBeVisible()
    drop('dev.yaml', 'prod.yaml', 'lab.yaml')
    await expect.element(page.getByRole('alert')).toMatchTextContent('Only dev.yaml was taken, of 3 files.')
  })
})
