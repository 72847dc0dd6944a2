import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'
import { emptyWorld, type World } from '../../testing/world.ts'

function withVault(world: World, fields: Partial<World['vault']>): World {
  world.vault = { ...world.vault, ...fields }
  return world
}

describe('the first run', () => {
  it('leads from the choice of protection to the first kubeconfig', async () => {
    const owner = openPage(withVault(emptyWorld(), { state: 'not-set-up', provider: null }), '/clusters')
    await page.getByRole('button', { name: 'Use the keychain' }).click()
    await expect.element(page.getByRole('link', { name: 'Paste a kubeconfig' })).toBeVisible()
    expect(callsOf(owner, 'vault.setup')).toEqual([{ provider: 'keychain' }])
  })

  it('says why there is no keychain, and takes a passphrase only when it was written twice', async () => {
    const keychain = { available: false, reason: 'No Secret Service runs.' }
    const owner = openPage(withVault(emptyWorld(), { state: 'not-set-up', provider: null, keychain }), '/clusters')
    await expect.element(page.getByText('Not available here: No Secret Service runs.')).toBeVisible()
    await page.getByLabelText('New passphrase').fill('correct horse')
    await page.getByLabelText('The same again').fill('correct house')
    await expect.element(page.getByText('It is not the same.')).toBeVisible()
    await userEvent.keyboard('{Enter}')
    expect(callsOf(owner, 'vault.setup')).toEqual([])
    await page.getByLabelText('The same again').fill('correct horse')
    await userEvent.keyboard('{Enter}')
    await expect
      .poll(() => callsOf(owner, 'vault.setup'))
      .toEqual([{ provider: 'passphrase', passphrase: 'correct horse' }])
  })
})

describe('a vault for one session', () => {
  it('says after the session whose credentials are lost, and where to give them again', async () => {
    openPage(withVault(busyWorld(), { state: 'not-set-up', provider: null }), '/clusters')
    await expect.element(page.getByText('The last vault was for one session', { exact: false })).toBeVisible()
    await expect
      .element(page.getByText('credentials of 4 clusters can never be read again', { exact: false }))
      .toBeVisible()
    await expect.element(page.getByText('Welcome to Mooring')).not.toBeInTheDocument()
  })

  it('can be locked within it, and opens again without a question', async () => {
    const owner = openPage(withVault(busyWorld(), { provider: 'memory' }), '/settings')
    await page.getByRole('button', { name: 'Lock', exact: true }).click()
    await page.getByRole('button', { name: 'Unlock', exact: true }).first().click()
    await expect.poll(() => callsOf(owner, 'vault.unlock')).toEqual([{}])
  })
})

describe('the keychain', () => {
  it("that is away is told of in plain words, with the system's own behind them", async () => {
    const keychain = {
      available: false,
      reason: 'No keychain service runs in this session.',
      detail: 'DBus error: X11',
    }
    openPage(withVault(busyWorld(), { provider: 'passphrase', keychain }), '/settings')
    await expect.element(page.getByText('No keychain service runs in this session.', { exact: false })).toBeVisible()
    await expect.element(page.getByText('DBus error: X11')).not.toBeVisible()
    await page.getByText("In the system's words").click()
    await expect.element(page.getByText('DBus error: X11')).toBeVisible()
  })
})

describe('a locked vault', () => {
  it('is opened with the passphrase; a wrong one is said in place and forgotten', async () => {
    const owner = openPage(withVault(busyWorld(), { state: 'locked', provider: 'passphrase' }), '/forwards')
    owner.failures.set('vault.unlock', {
      code: 'wrong-passphrase',
      message: 'This is not the passphrase.',
      next: 'Try again.',
    })
    await page.getByLabelText('Passphrase').fill('wrong')
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByRole('alert')).toMatchTextContent('This is not the passphrase.')
    await expect.element(page.getByLabelText('Passphrase')).toHaveValue('')
    owner.failures.clear()
    await page.getByLabelText('Passphrase').fill('right')
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByRole('grid', { name: 'Port-forwards' })).toBeVisible()
  })

  it('can be looked around, with a bar that leads back', async () => {
    openPage(withVault(busyWorld(), { state: 'locked', provider: 'passphrase' }), '/forwards')
    await page.getByRole('button', { name: 'Look around without unlocking' }).click()
    await expect.element(page.getByRole('grid', { name: 'Port-forwards' })).toBeVisible()
    await page.getByRole('button', { name: 'Unlock the vault' }).click()
    await expect.element(page.getByLabelText('Passphrase')).toBeVisible()
  })

  it('that cannot be decrypted is not said to be opened by unlocking', async () => {
    openPage(withVault(busyWorld(), { state: 'undecryptable', provider: 'keychain' }), '/forwards')
    await page.getByRole('button', { name: 'Look around without unlocking' }).click()
    await expect.element(page.getByText('The vault cannot be decrypted: credentials cannot be read.')).toBeVisible()
    await expect.element(page.getByRole('button', { name: 'Unlock' })).not.toBeInTheDocument()
    await page.getByRole('button', { name: 'See what you can do' }).click()
    await expect.element(page.getByRole('button', { name: 'Give up the old vault' })).toBeVisible()
  })

  it('is given up only after the loss was named', async () => {
    const owner = openPage(withVault(busyWorld(), { state: 'undecryptable', provider: 'passphrase' }), '/clusters')
    await page.getByRole('button', { name: 'Give up the old vault' }).click()
    await expect
      .element(page.getByText('The credentials of 4 clusters can never be read again', { exact: false }))
      .toBeVisible()
    await page.getByRole('button', { name: 'Give it up and make a new vault' }).click()
    await page.getByRole('button', { name: 'Use the keychain' }).click()
    await expect.poll(() => callsOf(owner, 'vault.setup')).toEqual([{ provider: 'keychain', giveUpOld: true }])
  })
})
