import { describe, expect, it, onTestFinished } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'
import { emptyWorld } from '../../testing/world.ts'

const row = (name: RegExp) => page.getByRole('row', { name }).first()
const focusedRow = (): string => document.activeElement?.closest('[role=row]')?.textContent ?? ''

describe('the list of forwards', () => {
  it('says of a forward that waits why it waits and what to do', async () => {
    openPage(busyWorld(), '/forwards')
    const ledger = row(/deploy\/ledger:8443/)
    await expect.element(ledger).toMatchTextContent('holding')
    await expect
      .element(ledger)
      .toMatchTextContent('The pod ledger-5f6d9-abcde crashes again and again (CrashLoopBackOff).')
    await expect.element(ledger).toMatchTextContent('the forward is live once it stays up for 10 s')
  })

  it('shows a new state as soon as it is pushed', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    const search = row(/opensearch/)
    await expect.element(search).toMatchTextContent('recovering')
    const { id } = owner.world.forwards.find(({ name }) => name === 'search')!
    owner.forward(id, { state: 'live', cause: null })
    await expect.element(search).toMatchTextContent('live')
    await expect.element(search).not.toMatchTextContent('is gone or going')
  })

  it('calls nothing live while the owner does not answer', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(row(/svc\/checkout/)).toMatchTextContent(/^live/)
    owner.setConnection({ state: 'lost', error: { code: 'owner-lost', message: '', next: '' }, retryAt: null })
    await expect.element(page.getByText('Mooring does not answer.')).toBeVisible()
    await expect.element(row(/svc\/checkout/)).toMatchTextContent(/^was live/)
    await expect.element(row(/deploy\/ledger/)).toMatchTextContent(/^was holding/)
    await expect.element(page.getByText(/2 were live · .* · as of/).first()).toBeVisible()
    await expect.element(page.getByRole('button', { name: '4 were live' })).toBeVisible()
    expect(document.querySelectorAll('[class*=filled]')).toHaveLength(0)
    owner.setConnection({ state: 'connected' })
    await expect.element(row(/svc\/checkout/)).toMatchTextContent(/^live/)
  })

  it('is worked with keys: move, open, close with the focus back on the row', async () => {
    openPage(busyWorld(), '/forwards')
    await expect.element(row(/svc\/admin/)).toBeVisible()
    ;(row(/svc\/admin/).element() as HTMLElement).focus()
    await userEvent.keyboard('{ArrowDown}j')
    expect(focusedRow()).toContain('ledger')
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByRole('complementary', { name: 'Forward ledger' })).toBeVisible()
    await userEvent.keyboard('{Escape}')
    await expect.element(page.getByRole('complementary')).not.toBeInTheDocument()
    await expect.poll(focusedRow).toContain('ledger')
  })

  it('starts and stops the forward under the focus with one letter', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(row(/svc\/admin/)).toBeVisible()
    ;(row(/svc\/admin/).element() as HTMLElement).focus()
    await userEvent.keyboard('s')
    await expect.element(row(/svc\/admin/)).toMatchTextContent('starting')
    await userEvent.keyboard('s')
    await expect.element(row(/svc\/admin/)).toMatchTextContent('off')
    expect(callsOf(owner, 'forwards.start')).toHaveLength(1)
    expect(callsOf(owner, 'forwards.stop')).toHaveLength(1)
  })

  it('leaves letters alone when they are switched off', async () => {
    const world = busyWorld()
    world.settings.singleKeyShortcuts = false
    const owner = openPage(world, '/forwards')
    await expect.element(row(/svc\/admin/)).toBeVisible()
    ;(row(/svc\/admin/).element() as HTMLElement).focus()
    await userEvent.keyboard('s')
    await userEvent.keyboard('{ArrowDown}')
    expect(focusedRow()).toContain('checkout')
    expect(callsOf(owner, 'forwards.start')).toEqual([])
  })

  it('turns a removed forward off at once, and undo brings it back as it was', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(row(/svc\/grafana/)).toBeVisible()
    ;(row(/svc\/grafana/).element() as HTMLElement).focus()
    await userEvent.keyboard('{Delete}')
    await expect.element(row(/svc\/grafana/)).toMatchTextContent('removed')
    expect(page.getByRole('dialog', { name: /on shop/ }).query()).toBeNull()
    expect(callsOf(owner, 'forwards.stop')).toHaveLength(1)
    await row(/svc\/grafana/)
      .getByRole('button', { name: /^Undo/ })
      .click()
    await expect.element(row(/svc\/grafana/)).toMatchTextContent('starting')
    expect(callsOf(owner, 'forwards.remove')).toEqual([])
  })

  it('asks once before it removes something of production, and names what ends', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    const checkout = row(/checkout.*:8080/)
    await expect.element(checkout).toBeVisible()
    ;(checkout.element() as HTMLElement).focus()
    await userEvent.keyboard('{Delete}')
    const dialog = page.getByRole('dialog', { name: 'Remove checkout on shop-prod?' })
    await expect.element(dialog).toMatchTextContent('3 open connections end at once.')
    await expect.element(dialog).toMatchTextContent('127.0.0.1:8080, 127.0.0.1:9090')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await expect.element(dialog).not.toBeInTheDocument()
    expect(callsOf(owner, 'forwards.stop')).toEqual([])
    await expect.poll(focusedRow).toContain('checkout')
    await userEvent.keyboard('{Delete}')
    await dialog.getByRole('button', { name: 'Remove checkout' }).click()
    await expect.element(checkout).toMatchTextContent('removed')
    expect(callsOf(owner, 'forwards.stop')).toHaveLength(1)
  })

  it('acts on several selected forwards at once', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    await expect.element(row(/svc\/admin/)).toBeVisible()
    ;(row(/svc\/admin/).element() as HTMLElement).focus()
    await userEvent.keyboard(' {Shift>}{ArrowDown}{ArrowDown}{/Shift}')
    await expect.element(page.getByText('3 selected')).toBeVisible()
    await page.getByRole('toolbar', { name: 'Selected forwards' }).getByRole('button', { name: 'Stop' }).click()
    await expect.poll(() => callsOf(owner, 'forwards.stop')).toHaveLength(3)
  })

  it('is filtered by words and by state, and says so when nothing is left', async () => {
    openPage(busyWorld(), '/forwards')
    await page.getByRole('button', { name: '3 holding' }).click()
    await expect.element(row(/svc\/checkout/)).not.toBeInTheDocument()
    await expect.element(row(/deploy\/ledger/)).toBeVisible()
    await userEvent.keyboard('/')
    await userEvent.keyboard('nothing at all')
    await expect.element(page.getByText('No forward matches “nothing at all” and holding.')).toBeVisible()
    await page.getByRole('button', { name: 'Clear filter' }).last().click()
    await expect.element(row(/svc\/checkout/)).toBeVisible()
  })

  it('tells why a command failed, and what to do', async () => {
    const owner = openPage(busyWorld(), '/forwards')
    owner.failures.set('forwards.start', {
      code: 'limit-reached',
      message: 'The limit of 128 kubectl processes is reached.',
      next: 'Stop a forward, or raise the limit in Settings.',
    })
    await expect.element(row(/svc\/admin/)).toBeVisible()
    ;(row(/svc\/admin/).element() as HTMLElement).focus()
    await userEvent.keyboard('s')
    await expect.element(page.getByText('Stop a forward, or raise the limit in Settings.').first()).toBeVisible()
  })

  it('shows the command that waits for a yes, and takes it, from the row', async () => {
    const world = busyWorld()
    world.command = { command: 'kubelogin', args: ['get-token', '--login', 'azurecli'] }
    const owner = openPage(world, '/forwards')
    const { id, clusterId } = world.forwards.find(({ name }) => name === 'search')!
    await expect.element(row(/opensearch/)).toBeVisible()
    owner.forward(id, {
      state: 'holding',
      cause: {
        code: 'credentials-command-not-allowed',
        detail: null,
        message: 'The credential command of shop-prod may not run: nobody has allowed it.',
        next: 'Look at the command, and allow it if you trust it.',
        since: Date.now(),
      },
    })
    const look = row(/opensearch/).getByRole('button', { name: 'Look at the command' })
    await expect.element(look).toBeVisible()
    ;(row(/opensearch/).element() as HTMLElement).focus()
    await userEvent.keyboard('{ArrowRight}{ArrowRight}')
    await expect.element(look).toHaveFocus()
    await userEvent.keyboard('{Enter}')
    const dialog = page.getByRole('dialog', { name: 'The command of shop-prod' })
    await expect.element(dialog).toMatchTextContent('kubelogin get-token --login azurecli')
    expect(page.getByRole('complementary').query()).toBeNull()
    await dialog.getByRole('button', { name: 'Allow this command' }).click()
    await expect.element(dialog).not.toBeInTheDocument()
    expect(callsOf(owner, 'clusters.allowCommand')).toEqual([
      { id: clusterId, command: 'kubelogin', args: ['get-token', '--login', 'azurecli'] },
    ])
    await expect.poll(focusedRow).toContain('search')
  })

  it('leads to what helps: waiting brings no pods to a service without a selector', async () => {
    const world = busyWorld()
    const { id } = world.forwards.find(({ name }) => name === 'ledger')!
    const owner = openPage(world, `/forwards/${id}`)
    const buttons = page.getByRole('complementary', { name: 'Forward ledger' }).getByRole('status').getByRole('button')
    await expect.element(buttons.getByText('Look again now')).toBeVisible()
    const cause = {
      code: 'no-ready-pod',
      message: 'It has no selector.',
      next: 'Choose a pod instead.',
      since: 1,
    } as const
    owner.forward(id, { state: 'holding', cause: { ...cause, detail: 'service-without-selector' } })
    await expect.element(buttons.getByText('Edit the forward')).toBeVisible()
    expect(buttons.getByText('Look again now').query()).toBeNull()
  })

  it('counts seconds without reading them aloud', async () => {
    const world = busyWorld()
    const ledger = world.forwards.find(({ name }) => name === 'ledger')!
    ledger.observed.nextAttemptAt = Date.now() + 50_000
    const owner = openPage(world, '/forwards')
    await row(/deploy\/ledger/).click()
    const detail = page.getByRole('complementary', { name: 'Forward ledger' })
    await expect.element(detail.getByRole('status')).toMatchTextContent('looked at again')
    const changed = { quiet: 0, aloud: [] as string[] }
    const observer = new MutationObserver((mutations) => {
      for (const { target } of mutations) {
        const live = (target.parentElement ?? document.body).closest('[aria-live], [role=status], [role=alert]')
        if (live === null) continue
        if (live.getAttribute('aria-live') === 'off') changed.quiet += 1
        else changed.aloud.push(target.textContent ?? '')
      }
    })
    onTestFinished(() => observer.disconnect())
    observer.observe(document.body, { subtree: true, characterData: true })
    await expect.poll(() => changed.quiet, { timeout: 10_000 }).toBeGreaterThan(1)
    expect(changed.aloud).toEqual([])
    owner.setConnection({
      state: 'lost',
      error: { code: 'owner-lost', message: '', next: '' },
      retryAt: Date.now() + 50_000,
    })
    await expect.element(page.getByText('Mooring does not answer.')).toBeVisible()
    // That its state is not known any more is news; the seconds since then are not.
    Object.assign(changed, { quiet: 0, aloud: [] })
    await expect.poll(() => changed.quiet, { timeout: 10_000 }).toBeGreaterThan(1)
    expect(changed.aloud).toEqual([])
  })

  it('keeps its commands on one line, beside a detail and on a narrow page', async () => {
    await page.viewport(1280, 800)
    openPage(busyWorld(), '/forwards')
    await row(/deploy\/ledger/).click()
    await expect.element(page.getByRole('complementary', { name: 'Forward ledger' })).toBeVisible()
    const middle = (name: string, role: 'button' | 'link' | 'searchbox' = 'button'): number => {
      const { top, bottom } = page.getByRole(role, { name, exact: true }).element().getBoundingClientRect()
      return Math.round((top + bottom) / 2)
    }
    await expect.element(page.getByText('Stop all')).toBeVisible()
    const line = middle('New forward', 'link')
    expect([middle('By cluster'), middle('Start all'), middle('Stop all')]).toEqual([line, line, line])
    expect(middle('4 live')).toBe(middle('Filter forwards', 'searchbox'))
    await userEvent.keyboard('{Escape}')
    await page.viewport(400, 800)
    const filter = () => middle('Filter forwards', 'searchbox')
    await expect
      .poll(() => [middle('By cluster'), middle('Start all'), middle('Stop all')])
      .toEqual([filter(), filter(), filter()])
    await page.viewport(1280, 800)
    await expect.poll(() => [middle('4 live'), middle('1 off')]).toEqual([filter(), filter()])
    expect(page.getByRole('button', { name: '3 holding' }).element()).toHaveTextContent('3 holding')
  })

  it('offers the next step when there is nothing yet', async () => {
    openPage(emptyWorld(), '/forwards')
    await expect.element(page.getByRole('link', { name: 'Add a cluster first' })).toBeVisible()
  })
})
