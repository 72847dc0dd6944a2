import type { Page } from 'playwright'

/** One page in one state: where it is, and what somebody did there. */
export type Scene = {
  readonly name: string
  readonly query?: string
  readonly path: string
  /** A list of suggestions is open: the library hides everything else from assistive technology meanwhile. */
  readonly popup?: true
  readonly act?: (page: Page) => Promise<void>
}

const row = (page: Page, name: string) => page.getByRole('row').filter({ hasText: name }).first()
const open = (name: string, tab?: string) => async (page: Page) => {
  await row(page, name).locator('[role=gridcell]').nth(2).click()
  if (tab !== undefined) await page.getByRole('tab', { name: tab }).click()
}
const openCluster = (name: string, tab?: string) => async (page: Page) => {
  await row(page, name).locator('[role=gridcell]').nth(1).click()
  if (tab !== undefined) await page.getByRole('tab', { name: tab }).click()
}

/** The rights of what stands in the form are told: nothing is said of them from the first letter of a change on. */
const accessTold = (page: Page): Promise<void> => page.getByText('You may port-forward there.').waitFor()

/** Every page and state that is looked at, tested for accessibility and for violations of the policy. */
export const scenes: readonly Scene[] = [
  { name: 'clusters', path: '/clusters' },
  { name: 'clusters-filtered', query: 'world=busy&q=nothing', path: '/clusters' },
  { name: 'clusters-empty', query: 'world=empty', path: '/clusters' },
  { name: 'clusters-overview', path: '/clusters', act: openCluster('lab') },
  { name: 'clusters-connection', path: '/clusters', act: openCluster('edge-berlin', 'Connection') },
  { name: 'clusters-connection-ok', path: '/clusters', act: openCluster('shop-prod', 'Connection') },
  { name: 'clusters-credentials', path: '/clusters', act: openCluster('shop-staging', 'Credentials') },
  { name: 'clusters-notes', path: '/clusters', act: openCluster('shop-prod', 'Notes') },
  { name: 'clusters-crowded', query: 'world=crowded', path: '/clusters' },
  {
    name: 'clusters-remove',
    path: '/clusters',
    act: async (page) => {
      await page.getByRole('button', { name: 'Actions for shop-prod' }).click()
      await page.getByRole('menuitem', { name: 'Remove' }).click()
    },
  },
  {
    name: 'clusters-remove-crowded',
    query: 'world=crowded',
    path: '/clusters',
    act: async (page) => {
      await page
        .getByRole('button', { name: /Actions for arn/ })
        .first()
        .click()
      await page.getByRole('menuitem', { name: 'Remove' }).click()
    },
  },
  { name: 'add-clusters-empty', path: '/clusters/add' },
  {
    name: 'add-clusters',
    path: '/clusters/add',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Kubeconfig' }).fill('apiVersion: v1\nkind: Config\ncontexts: []\n')
      await page.getByText('Commands that would run').waitFor()
    },
  },
  { name: 'forwards', path: '/forwards' },
  {
    name: 'forwards-command',
    query: 'world=busy&command',
    path: '/forwards',
    act: async (page) => page.getByRole('button', { name: 'Look at the command' }).first().waitFor(),
  },
  {
    name: 'forwards-command-looked-at',
    query: 'world=busy&command',
    path: '/forwards',
    act: async (page) => {
      await page.getByRole('button', { name: 'Look at the command' }).first().click()
      await page.getByRole('button', { name: 'Allow this command' }).waitFor()
    },
  },
  { name: 'clusters-command', query: 'world=busy&command', path: '/clusters', act: openCluster('shop-staging') },
  { name: 'forwards-empty', query: 'world=empty', path: '/forwards' },
  { name: 'forwards-crowded', query: 'world=crowded', path: '/forwards' },
  { name: 'forwards-ports', path: '/forwards', act: open('orders database') },
  { name: 'forwards-holding', path: '/forwards', act: open('ledger') },
  { name: 'forwards-history', path: '/forwards', act: open('checkout', 'History') },
  { name: 'forwards-traffic', path: '/forwards', act: open('checkout', 'Traffic') },
  { name: 'forwards-output', path: '/forwards', act: open('checkout', 'Output') },
  { name: 'forwards-settings', path: '/forwards', act: open('checkout', 'Settings') },
  {
    name: 'forwards-menu',
    popup: true,
    path: '/forwards',
    act: async (page) => page.getByRole('button', { name: 'Actions for ledger' }).click(),
  },
  {
    name: 'forwards-removed',
    path: '/forwards',
    act: async (page) => {
      await row(page, 'grafana').focus()
      await page.keyboard.press('Delete')
      await page.getByText('grafana is removed.').waitFor()
    },
  },
  {
    name: 'forwards-remove-production',
    path: '/forwards',
    act: async (page) => {
      await row(page, 'orders database').focus()
      await page.keyboard.press('Delete')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'new-forward',
    popup: true,
    path: '/forwards/new',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Namespace' }).fill('payments')
      await page.keyboard.press('Escape')
      await page.getByRole('combobox', { name: 'Target' }).click()
      await page.getByRole('option', { name: /svc\/checkout/ }).waitFor()
      await accessTold(page)
    },
  },
  {
    name: 'new-forward-crowded',
    query: 'world=crowded',
    path: '/forwards/new',
    act: accessTold,
  },
  {
    name: 'new-forward-not-there',
    path: '/forwards/new',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Namespace' }).fill('paymets')
      await page.getByText('There is no namespace paymets').waitFor()
      await accessTold(page)
    },
  },
  {
    name: 'new-forward-taken',
    path: '/forwards/new',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Namespace' }).fill('payments')
      await page.keyboard.press('Escape')
      await page.getByRole('combobox', { name: 'Target' }).fill('sts/postgres')
      await page.keyboard.press('Escape')
      await page.getByRole('textbox', { name: 'Local port 1' }).fill('5432')
      await page.getByText('127.0.0.1:5432 is taken by').waitFor()
      await page.getByText('127.0.0.1:5432 to sts/postgres:http in payments').waitFor()
      await accessTold(page)
    },
  },
  {
    name: 'new-forward-looking',
    popup: true,
    path: '/forwards/new',
    act: async (page) => {
      await page.evaluate(() => {
        const { owner } = globalThis as unknown as { owner: { hold: (...names: string[]) => void } }
        owner.hold('clusters.services', 'clusters.workloads', 'clusters.pods')
      })
      await page.getByRole('combobox', { name: 'Namespace' }).fill('payments')
      await page.keyboard.press('Escape')
      await page.getByRole('combobox', { name: 'Target' }).click()
      await page.getByRole('status').getByText('Looking what there is …').waitFor()
    },
  },
  {
    name: 'new-forward-forbidden',
    query: 'world=busy&forbidden',
    path: '/forwards/new',
    act: async (page) => page.getByText('You may not create pods/portforward').waitFor(),
  },
  {
    name: 'switcher-crowded',
    popup: true,
    query: 'world=crowded',
    path: '/forwards',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Active cluster' }).click()
      await page.getByRole('option').first().waitFor()
    },
  },
  { name: 'diagnostics', path: '/diagnostics' },
  { name: 'diagnostics-lost', query: 'world=busy&lost', path: '/diagnostics' },
  { name: 'settings', path: '/settings' },
  { name: 'settings-no-kubectl', query: 'world=busy&no-kubectl', path: '/settings' },
  { name: 'keys', path: '/keys' },
  { name: 'vault-first-run', query: 'world=empty&vault=not-set-up', path: '/clusters' },
  { name: 'vault-no-keychain', query: 'world=empty&vault=not-set-up&no-keychain', path: '/clusters' },
  { name: 'vault-locked', query: 'world=busy&vault=locked', path: '/forwards' },
  { name: 'vault-undecryptable', query: 'world=busy&vault=undecryptable', path: '/forwards' },
  { name: 'owner-lost-clusters', query: 'world=busy&lost', path: '/clusters' },
  { name: 'owner-lost', query: 'world=busy&lost', path: '/forwards' },
  { name: 'sidecar-away', query: 'world=busy&sidecar&storage', path: '/forwards' },
  {
    name: 'palette',
    popup: true,
    path: '/forwards',
    act: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'switcher',
    popup: true,
    path: '/forwards',
    act: async (page) => {
      await page.getByRole('combobox', { name: 'Active cluster' }).click()
      await page.getByRole('option').first().waitFor()
    },
  },
]

/** Leads a page to a scene and waits until it stands still. */
export async function goTo(page: Page, base: string, scene: Scene, theme: 'light' | 'dark'): Promise<void> {
  const query = scene.query ?? 'world=busy'
  await page.goto('about:blank')
  await page.goto(`${base}?${query}&theme=${theme}#${scene.path}`)
  await page.getByRole('main').getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' })
  await page.evaluate(() => document.fonts.ready)
  await scene.act?.(page)
}
