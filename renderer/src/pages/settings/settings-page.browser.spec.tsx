import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'

describe('a number in the settings', () => {
  it('is saved when it is left', async () => {
    const owner = openPage(busyWorld(), '/settings')
    await page.getByLabelText('Starting at once').fill('8')
    await userEvent.tab()
    await expect.poll(() => callsOf(owner, 'settings.update')).toEqual([{ maxStartingChildren: 8 }])
  })

  it.each([
    ['Starting at once', '65', 'Write a number from 1 to 64.'],
    ['Clients wait (seconds)', '1.5', 'Write a number from 0 to 3600.'],
  ])('is not saved when it cannot be right: %s %s', async (label, text, words) => {
    const owner = openPage(busyWorld(), '/settings')
    await page.getByLabelText(label).fill(text)
    await expect.element(page.getByText(words)).toBeVisible()
    await userEvent.keyboard('{Enter}')
    await userEvent.tab()
    expect(callsOf(owner, 'settings.update')).toEqual([])
  })
})

describe('a new passphrase', () => {
  it('is asked for twice, and opens the vault from then on', async () => {
    const owner = openPage(busyWorld(), '/settings')
    await page.getByRole('button', { name: /passphrase$/ }).click()
    const dialog = page.getByRole('dialog', { name: 'New passphrase' })
    await dialog.getByLabelText('New passphrase').fill('correct horse')
    await dialog.getByLabelText('The same again').fill('correct horse')
    await dialog.getByRole('button', { name: 'Use this passphrase' }).click()
    await expect.element(page.getByText('The new passphrase opens the vault now.')).toBeVisible()
    expect(callsOf(owner, 'vault.rotate')).toEqual([{ provider: 'passphrase', passphrase: 'correct horse' }])
    await expect.element(dialog).not.toBeInTheDocument()
  })
})
