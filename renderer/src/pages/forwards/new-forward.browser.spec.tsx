import { describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { busyWorld } from '../../testing/busy-world.ts'
import { callsOf, openPage } from '../../testing/open-page.tsx'
import { sampleService } from '../../testing/samples.ts'

const field = (name: string) => page.getByRole('combobox', { name, exact: true })
const local = page.getByRole('textbox', { name: 'Local port 1' })
const remote = page.getByRole('combobox', { name: 'Remote port 1' })

/** Types a whole name, and closes the list that it opened. */
async function fill(name: 'Namespace' | 'Target', words: string): Promise<void> {
  await field(name).fill(words)
  await userEvent.keyboard('{Escape}')
}

/** All letters within one turn, so that a busy machine makes no pause between them. */
function typeAtOnce(input: HTMLInputElement, words: string): void {
  const valueOf = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')
  input.focus()
  for (let length = 1; length <= words.length; length += 1) {
    valueOf?.set?.call(input, words.slice(0, length))
    input.dispatchEvent(new InputEvent('input', { bubbles: true }))
  }
}

describe('the form for a new forward', () => {
  it('offers what the cluster has, fills the port, and starts the forward', async () => {
    const world = busyWorld()
    const owner = openPage(world, '/forwards/new')
    await fill('Namespace', 'payments')
    await field('Target').click()
    await page.getByRole('option', { name: /svc\/checkout/ }).click()
    await expect.element(remote).toHaveValue('http')
    await page.getByRole('button', { name: 'Add metrics 9090' }).click()
    await local.fill('8088')
    await expect.element(page.getByText('127.0.0.1:8088 to svc/checkout:http in payments')).toBeVisible()
    await expect.element(page.getByText('You may port-forward there.')).toBeVisible()
    await page.getByRole('button', { name: 'Start forward on shop-prod' }).click()
    await expect.element(page.getByRole('complementary', { name: 'Forward checkout' })).toBeVisible()
    expect(callsOf(owner, 'forwards.create')).toMatchObject([
      {
        clusterId: world.activeId,
        namespace: 'payments',
        target: { kind: 'service', name: 'checkout' },
        ports: [
          { remote: 'http', local: 8088, bind: '127.0.0.1' },
          { remote: 'metrics', local: 0, bind: '127.0.0.1' },
        ],
      },
    ])
  })

  it('fills the port of a target that was typed before the cluster told what there is, once for each target', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    const targetsArrive = owner.hold('clusters.services', 'clusters.workloads', 'clusters.pods')
    await fill('Namespace', 'payments')
    await fill('Target', 'svc/checkout')
    await expect.element(remote).toHaveValue('')
    targetsArrive()
    await expect.element(remote).toHaveValue('http')
    await remote.fill('')
    await local.fill('8088')
    await expect.element(page.getByText('You may port-forward there.')).toBeVisible()
    await expect.element(remote).toHaveValue('')
    await fill('Target', 'deploy/checkout')
    await expect.element(remote).toHaveValue('http')
    await remote.fill('')
    await fill('Target', 'sts/postgres')
    await expect.element(remote).toHaveValue('http')
  })

  it('takes back a port that it filled in when the target changes, and never one that was typed', async () => {
    openPage(busyWorld(), '/forwards/new')
    await fill('Namespace', 'payments')
    await fill('Target', 'svc/checkout')
    await expect.element(remote).toHaveValue('http')
    await fill('Target', 'svc/later')
    await expect.element(remote).toHaveValue('')
    await remote.fill('9000')
    await fill('Target', 'svc/checkout')
    await expect.element(page.getByText('You may port-forward there.')).toBeVisible()
    await expect.element(remote).toHaveValue('9000')
  })

  it('shows what a clicked field waits for, and only there, however late it comes', async () => {
    const world = busyWorld()
    const owner = openPage(world, '/forwards/new')
    const namespacesArrive = owner.hold('clusters.namespaces')
    const targetsArrive = owner.hold('clusters.services', 'clusters.workloads', 'clusters.pods')
    await page.getByRole('combobox', { name: 'Cluster' }).selectOptions('lab (DEV)')
    await field('Namespace').fill('pay')
    await field('Target').click()
    await expect.element(page.getByText('Looking what there is …')).toBeVisible()
    namespacesArrive()
    // Long enough for a list of namespaces to open, if it wrongly does.
    await expect
      .poll(() => callsOf(owner, 'clusters.services'))
      .toContainEqual({ id: expect.any(String) as string, namespace: 'pay' })
    expect(page.getByRole('option', { name: 'payments' }).query()).toBeNull()
    targetsArrive()
    await page.getByRole('option', { name: /svc\/checkout/ }).click()
    await expect.element(field('Target')).toHaveValue('svc/checkout')
  })

  it('offers the other namespaces beside the one that stands there; what is typed narrows them', async () => {
    openPage(busyWorld(), '/forwards/new')
    await expect.element(field('Namespace')).toHaveValue('default')
    await field('Namespace').click()
    await expect.element(page.getByRole('option', { name: 'payments' })).toBeVisible()
    await field('Namespace').fill('pay')
    await expect.element(page.getByRole('option', { name: 'payments' })).toBeVisible()
    expect(page.getByRole('option').elements()).toHaveLength(1)
  })

  it('leaves a field by Tab, whether its list came before or after', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    await field('Namespace').fill('pay')
    await expect.element(page.getByRole('option', { name: 'payments' })).toBeVisible()
    await userEvent.keyboard('{Tab}')
    await field('Target').click()
    await userEvent.keyboard('{Escape}')
    const namespacesArrive = owner.hold('clusters.namespaces')
    await page.getByRole('combobox', { name: 'Cluster' }).selectOptions('lab (DEV)')
    await field('Namespace').fill('pay')
    await userEvent.keyboard('{Tab}')
    namespacesArrive()
    await field('Target').click()
    await page.getByRole('option', { name: /svc\/checkout/ }).click()
    await expect.element(field('Target')).toHaveValue('svc/checkout')
  })

  it('takes Enter beside an open list for the end of the name; the next one starts the forward', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    await fill('Namespace', 'payments')
    await field('Target').fill('svc/check')
    await expect.element(page.getByRole('option', { name: /svc\/checkout/ })).toBeVisible()
    await userEvent.keyboard('{Enter}')
    await expect.element(page.getByRole('option', { name: /svc\/checkout/ })).not.toBeInTheDocument()
    await expect.element(field('Target')).toHaveValue('svc/check')
    expect(callsOf(owner, 'forwards.create')).toEqual([])
    await field('Target').fill('svc/checkout')
    await userEvent.keyboard('{Enter}')
    await expect.element(remote).toHaveValue('http')
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => callsOf(owner, 'forwards.create')).toHaveLength(1)
  })

  it('asks about a namespace when it is typed, not at every letter', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    await expect.element(field('Namespace')).toHaveValue('default')
    typeAtOnce(field('Namespace').element() as HTMLInputElement, 'payments')
    const asked = () => callsOf(owner, 'clusters.services').map((input) => (input as { namespace: string }).namespace)
    await expect.poll(() => asked().at(-1)).toBe('payments')
    expect([...new Set(asked())]).toEqual(['default', 'payments'])
  })

  it('says of a namespace and a target that they are not there, without being in the way, until they are', async () => {
    const world = busyWorld()
    const owner = openPage(world, '/forwards/new')
    await field('Namespace').fill('nope')
    const noNamespace = page.getByText('There is no namespace nope now. A forward waits until there is one.')
    await expect.element(noNamespace).toBeVisible()
    await fill('Namespace', 'payments')
    await expect.element(noNamespace).not.toBeInTheDocument()
    await field('Target').fill('svc/later')
    await remote.fill('80')
    const noTarget = page.getByText('There is no svc/later to be seen in payments now. A forward waits until there is.')
    await expect.element(noTarget).toBeVisible()
    await expect.element(field('Target')).toHaveAccessibleDescription(/There is no svc\/later to be seen/)
    await expect.element(field('Target')).not.toHaveAttribute('aria-invalid')
    world.services = [...world.services, sampleService({ name: 'later' })]
    await expect.element(noTarget, { timeout: 25_000 }).not.toBeInTheDocument()
    await page.getByRole('button', { name: /^Start forward/ }).click()
    await expect.poll(() => callsOf(owner, 'forwards.create')).toHaveLength(1)
  }, 40_000)

  it('says nothing of names while they are looked for, or where nobody may look', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    owner.failures.set('clusters.services', {
      code: 'forbidden',
      message: 'developer may not list services in secret.',
      next: 'Ask the administrator of the cluster.',
    })
    owner.failures.set('clusters.namespaces', {
      code: 'forbidden',
      message: 'developer may not list namespaces.',
      next: 'Ask the administrator of the cluster.',
    })
    await field('Namespace').fill('secret')
    await expect.element(page.getByText('developer may not list services in secret.')).toBeVisible()
    await field('Target').fill('deploy/nope')
    // Said after the same pause as the others would be said.
    await expect.element(page.getByText(/There is no deploy\/nope/)).toBeVisible()
    await field('Target').fill('svc/nope')
    await expect.element(page.getByText(/There is no deploy\/nope/)).not.toBeInTheDocument()
    expect(page.getByText(/There is no/).query()).toBeNull()
  })

  it('says that a cluster lets it wait, and in one place what may not be listed', async () => {
    const world = busyWorld()
    const owner = openPage(world, '/forwards/new')
    const arrive = owner.hold('clusters.services', 'clusters.pods')
    await fill('Namespace', 'payments')
    const waits = page.getByText('The cluster has not answered yet. Names can be typed meanwhile.')
    await expect.element(waits).toBeVisible()
    for (const kind of ['services', 'pods'] as const)
      owner.failures.set(`clusters.${kind}`, {
        code: 'forbidden',
        message: `developer may not list ${kind}.`,
        next: 'Ask the administrator of the cluster.',
      })
    arrive()
    await expect.element(waits).not.toBeInTheDocument()
    expect(page.getByRole('alert').elements()).toHaveLength(1)
    await expect.element(page.getByRole('alert')).toMatchTextContent('developer may not list pods.')
    await expect.element(page.getByText('You may port-forward there.')).toBeVisible()
  })

  it('says at once what is no port', async () => {
    openPage(busyWorld(), '/forwards/new')
    await local.fill('99999')
    await expect.element(page.getByText('Write a number from 1 to 65535, or leave it empty.')).toBeVisible()
    await expect.element(local).toHaveAttribute('aria-invalid', 'true')
    await local.fill('5439')
    await expect.element(page.getByText('Write a number from 1 to 65535')).not.toBeInTheDocument()
  })

  it('says at once who holds a local port', async () => {
    openPage(busyWorld(), '/forwards/new')
    await local.fill('5432')
    await expect.element(page.getByText('127.0.0.1:5432 is taken by postgres (process 812).')).toBeVisible()
  })

  it('says before it is tried that the permission is missing', async () => {
    const world = busyWorld()
    world.access = { allowed: false, verbs: [], reason: 'developer may not create pods/portforward in payments.' }
    openPage(world, '/forwards/new')
    await expect.element(page.getByText('developer may not create pods/portforward in payments.')).toBeVisible()
  })

  it('names what is missing and leads to the first of it', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    await page.getByRole('button', { name: /^Start forward/ }).click()
    await expect.element(page.getByText('Choose a target.')).toBeVisible()
    await expect.element(field('Target')).toHaveFocus()
    expect(callsOf(owner, 'forwards.create')).toEqual([])
  })

  it('takes names that nobody could list', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    owner.failures.set('clusters.services', {
      code: 'forbidden',
      message: 'developer may not list services in secret.',
      next: 'Ask the administrator of the cluster.',
    })
    await field('Namespace').fill('secret')
    await expect.element(page.getByText('developer may not list services in secret.')).toBeVisible()
    await field('Target').fill('svc/hidden')
    await remote.fill('8080')
    await page.getByRole('button', { name: /^Start forward/ }).click()
    await expect.poll(() => callsOf(owner, 'forwards.create')).toHaveLength(1)
  })

  it('keeps what was typed when the owner refuses it, with the reason in place', async () => {
    const owner = openPage(busyWorld(), '/forwards/new')
    owner.failures.set('forwards.create', {
      code: 'local-port-taken',
      message: '8088 was taken a moment ago.',
      next: 'Choose another local port.',
    })
    await fill('Target', 'svc/checkout')
    await remote.fill('80')
    await local.fill('8088')
    await page.getByRole('button', { name: /^Start forward/ }).click()
    await expect.element(page.getByRole('alert')).toMatchTextContent('8088 was taken a moment ago.')
    await expect.element(local).toHaveValue('8088')
  })

  it('keeps what was typed at the first Esc, and closes at the second', async () => {
    openPage(busyWorld(), '/forwards/new')
    await fill('Target', 'svc/hidden')
    await expect.element(field('Target')).toHaveValue('svc/hidden')
    await userEvent.keyboard('{Escape}')
    await expect.element(field('Target')).not.toBeInTheDocument()
  })
})
