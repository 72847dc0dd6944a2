import { afterEach, describe, expect, it, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../testing/busy-world.ts'
import { callsOf, openPage } from '../testing/open-page.tsx'

const heading = (name: string) => page.getByRole('heading', { level: 1, name })

describe('the shell', () => {
  it('leads to pages with two letters, but not while somebody types', async () => {
    openPage(busyWorld(), '/forwards')
    await expect.element(heading('Port-forwards')).toBeVisible()
    await userEvent.keyboard('gc')
    await expect.element(heading('Clusters')).toBeVisible()
    await page.getByRole('searchbox').click()
    await userEvent.keyboard('gs')
    await expect.element(page.getByRole('searchbox')).toHaveValue('gs')
    await expect.element(heading('Clusters')).toBeVisible()
  })

  it('finds and runs everything from the palette', async () => {
    const owner = openPage(busyWorld(), '/clusters')
    await expect.element(heading('Clusters')).toBeVisible()
    await userEvent.keyboard('{Control>}k{/Control}')
    await expect.element(page.getByRole('dialog')).toBeVisible()
    await userEvent.keyboard('dark theme')
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'settings.update')).toEqual([{ theme: 'dark' }])
    await expect.poll(() => document.documentElement.dataset.theme).toBe('dark')
    await expect.element(page.getByRole('dialog')).not.toBeInTheDocument()
  })

  it('stops a forward from the palette', async () => {
    const owner = openPage(busyWorld(), '/clusters')
    await expect.element(heading('Clusters')).toBeVisible()
    await userEvent.keyboard('{Control>}k{/Control}')
    await expect.element(page.getByRole('dialog')).toBeVisible()
    await userEvent.keyboard('stop orders')
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'forwards.stop')).toHaveLength(1)
  })

  it('switches the active cluster, whose environment marks the header', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(page.getByRole('banner')).toMatchTextContent('PROD')
    await page.getByRole('combobox', { name: 'Active cluster' }).click()
    await userEvent.keyboard('staging')
    await page.getByRole('option', { name: /shop-staging/ }).click()
    await expect.poll(() => callsOf(owner, 'clusters.setActive')).toHaveLength(1)
    await expect.element(page.getByRole('banner')).toMatchTextContent('STAGING')
  })

  it('moves through its regions with F6', async () => {
    openPage(busyWorld(), '/forwards')
    await expect.element(heading('Port-forwards')).toBeVisible()
    const regions: (string | undefined)[] = []
    for (let press = 0; press < 4; press++) {
      await userEvent.keyboard('{F6}')
      regions.push(document.activeElement?.closest<HTMLElement>('[data-region]')?.dataset.region)
    }
    expect(regions).toEqual(['header', 'nav', 'main', 'status'])
  })

  it('says that clusters are not watched when the sidecar has failed, and starts it again', async () => {
    const world = busyWorld()
    world.app = { ...world.app, sidecar: { ...world.app.sidecar, state: 'failed' } }
    const owner = openPage(world, '/forwards')
    await expect.element(page.getByText(/Clusters are not watched; forwards go on\./)).toBeVisible()
    await page.getByRole('button', { name: 'Restart the cluster watcher' }).click()
    await expect.poll(() => callsOf(owner, 'sidecar.restart')).toHaveLength(1)
  })

  it('says where to get a new address when the owner does not know the page any more, and asks no more', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(heading('Port-forwards')).toBeVisible()
    owner.failures.set('app.status', {
      code: 'unauthenticated',
      message: 'No valid session.',
      cause: 'It was started again.',
      next: 'Open the new address.',
    })
    owner.setConnection({ state: 'lost', error: { code: 'owner-lost', message: '', next: '' }, retryAt: null })
    await expect.element(heading('This page is not signed in')).toBeVisible()
    for (const words of ['No valid session.', 'It was started again.', 'Open the new address.'])
      await expect.element(page.getByText(words)).toBeVisible()
    expect(owner.listening).toBe(0)
    const asked = owner.calls.length
    owner.setConnection({ state: 'lost', error: { code: 'owner-lost', message: '', next: '' }, retryAt: null })
    dispatchEvent(new Event('focus'))
    expect(owner.calls).toHaveLength(asked)
  })
})

describe('while the owner does not answer', () => {
  const lost = { code: 'owner-lost', message: '', next: '' } as const
  const advice = () =>
    page.getByText(/use the page it opens, or open the address it prints: that is a new one after every start/)

  /** Only the time of day stands still and jumps; timers go on. */
  const atNoon = (): void => void vi.setSystemTime(new Date('2026-03-02T12:00:00Z'))
  afterEach(() => vi.useRealTimers())

  it('a browser page is tried again, and after a while says where Mooring may be by now', async () => {
    atNoon()
    const owner = openPage(busyWorld(), '/forwards')
    owner.failures.set('app.status', lost)
    owner.setConnection({ state: 'lost', error: lost, retryAt: Date.now() + 4000 })
    await expect.element(page.getByText(/It is tried again in 4 s/)).toBeVisible()
    await expect.element(advice()).not.toBeInTheDocument()
    vi.setSystemTime(Date.now() + 15_000)
    // Before the advice, the next attempts failed too.
    owner.setConnection({ state: 'lost', error: lost, retryAt: Date.now() + 5000 })
    await expect.element(advice()).toBeVisible()
    await expect.element(page.getByText(/It is tried again in 5 s/)).toBeVisible()
    owner.setConnection({ state: 'connected' })
    await expect.element(page.getByText('Mooring does not answer.')).not.toBeInTheDocument()
  })

  it('a window is not sent to an address: it finds Mooring again by itself', async () => {
    atNoon()
    const owner = openPage(busyWorld(), '/forwards', 'desktop')
    owner.failures.set('app.status', lost)
    owner.setConnection({ state: 'lost', error: lost, retryAt: null })
    vi.setSystemTime(Date.now() + 60_000)
    await expect.element(page.getByText(/What you see is as it was 1 min ago/)).toBeVisible()
    await expect.element(advice()).not.toBeInTheDocument()
  })
})

describe('settings', () => {
  it('are saved when a field is left, and refuse what cannot be', async () => {
    const owner = openPage(busyWorld(), '/settings')
    const limit = page.getByRole('textbox', { name: 'kubectl processes at once' })
    await limit.fill('5000')
    await expect.element(page.getByText('Write a number from 1 to 1000.')).toBeVisible()
    await userEvent.keyboard('{Enter}')
    expect(callsOf(owner, 'settings.update')).toEqual([])
    await limit.fill('64')
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'settings.update')).toEqual([{ maxChildren: 64 }])
  })

  it('take a command off the allow list', async () => {
    const owner = openPage(busyWorld(), '/settings')
    await page.getByRole('button', { name: /^Do not allow aws/ }).click()
    await expect.element(page.getByText('aws eks get-token --cluster-name shop-prod')).not.toBeInTheDocument()
    expect(callsOf(owner, 'commands.remove')).toHaveLength(1)
  })

  it('allow a command before a kubeconfig asks for it', async () => {
    const owner = openPage(busyWorld(), '/settings')
    await page.getByText('Allow another command').click()
    await page.getByRole('textbox', { name: 'Program' }).fill('tsh')
    await page.getByRole('textbox', { name: 'Arguments' }).fill('kube\ncredentials\n--cluster=dev one')
    await page.getByRole('button', { name: 'Allow it' }).click()
    await expect.element(page.getByRole('listitem').filter({ hasText: 'tsh kube credentials' })).toBeVisible()
    expect(callsOf(owner, 'commands.allow')).toEqual([
      { command: 'tsh', args: ['kube', 'credentials', '--cluster=dev one'] },
    ])
  })

  it('choose another kubectl, and warn of wrappers and distant versions', async () => {
    const owner = openPage(busyWorld(), '/settings')
    await expect.element(page.getByText('gcloud dispatcher')).toBeVisible()
    await expect.element(page.getByText(/edge-berlin: kubectl 1\.35 is 5 minor versions newer/)).toBeVisible()
    await page.getByRole('radio', { name: /google-cloud-sdk/ }).click()
    await expect
      .poll(() => callsOf(owner, 'settings.update'))
      .toEqual([{ kubectlPath: '/usr/lib/google-cloud-sdk/bin/kubectl' }])
  })
})
