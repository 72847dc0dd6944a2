import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchChromium } from '../e2e/renderer/chromium.ts'
import { expectOk } from '../e2e/support/expect-ok.ts'
import type { RunningHost } from '../e2e/support/host.ts'
import { mergeKubeconfigs } from '../e2e/support/merged-kubeconfig.ts'
import { median } from '../e2e/support/statistics.ts'
import { upper, type Row } from './figures.ts'
import type { BenchWorld } from './world.ts'

const healthy = ['admin', 'token', 'client-certificate-files', 'service-account'] as const
const dead = ['blackhole', 'unreachable', 'refused', 'no-such-host', 'proxy-refused'] as const

/** Adds 50 clusters, every fifth of them dead. */
async function addClusters({ bed }: BenchWorld, host: RunningHost, count: number): Promise<void> {
  const files: Record<string, string | undefined> = {}
  for (let index = 0; index < count; index += 1) {
    const users = (index % 2 === 0 ? bed.description.a : bed.description.b).users
    const isDead = index % 5 === 4
    const user = isDead ? dead[Math.floor(index / 5) % dead.length] : healthy[index % healthy.length]
    files[`${isDead ? 'dead' : 'well'}-${String(index).padStart(2, '0')}`] = users[user ?? '']
  }
  const text = await mergeKubeconfigs(files)
  const preview = await expectOk(host.client.kubeconfigs.preview({ text }))
  const embedFiles = [...new Set(preview.contexts.flatMap((one) => one.files.map(({ path }) => path)))]
  const contexts = Object.keys(files).map((context) => ({ context, name: context }))
  await expectOk(host.client.clusters.add({ text, contexts, embedFiles }))
}

/** From nothing to a list one can work with, 50 clusters of which 10 are dead. */
export async function benchManyClusters(world: BenchWorld, count = 50): Promise<Row[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-bench-'))
  const options = { dataDir, vault: 'passphrase' as const, passphrase: 'a passphrase for the bench' }
  {
    await using host = await world.startHost(options)
    await addClusters(world, host, count)
  }
  const listed: number[] = []
  const shown: number[] = []
  const tested: number[] = []
  await using browser = await launchChromium()
  for (let round = 0; round < world.rounds; round += 1) {
    const began = performance.now()
    await using host = await world.startHost(options)
    const clusters = await expectOk(host.client.clusters.list())
    listed.push((performance.now() - began) / 1000)
    if (clusters.length !== count) throw new Error(`${clusters.length} clusters in place of ${count}`)

    const page = await browser.newPage()
    const opened = performance.now()
    await page.goto(`${host.url}/#token=${host.token}`)
    await page.goto(`${host.url}/#/clusters`)
    // Of many rows only those in view are in the page; the list says how many there are.
    await page.getByText(`${count} clusters`).waitFor()
    await page.locator('[data-row-id]').nth(10).waitFor()
    shown.push((performance.now() - opened) / 1000)
    await page.close()

    // All dead ones are asked for at the same time, so that they could stand in the way.
    const waiting = clusters
      .filter(({ name }) => name.startsWith('dead'))
      .map(({ id }) => host.client.clusters.test({ id }))
    for (const { id } of clusters.filter(({ name }) => name.startsWith('well')).slice(0, 8)) {
      const asked = performance.now()
      const { steps } = await expectOk(host.client.clusters.test({ id }))
      const failed = steps.filter(({ status }) => status === 'fail')
      if (failed.length > 0) throw new Error(`a healthy cluster failed its test: ${JSON.stringify(failed)}`)
      tested.push((performance.now() - asked) / 1000)
    }
    await Promise.all(waiting)
  }
  await rm(dataDir, { recursive: true, force: true })
  const row = { against: null, unit: 's' as const, theirs: null }
  const dying = Math.floor(count / 5)
  const one = (what: string, ours: readonly number[], limit: number): Row => {
    const { name, value } = upper(ours)
    const figure = `median ${median(ours).toFixed(2)} s, ${name} ${value.toFixed(2)} s`
    return { ...row, what, ours, figure, goal: `${name} under ${limit} s`, met: value < limit }
  }
  return [
    one(`start of the host to the list of ${count} clusters, ${dying} of them dead`, listed, 1),
    one('the page opened to the rows in view', shown, 2),
    {
      ...one(`test of a healthy cluster while ${dying} dead ones are tested`, tested, 1),
      taken: `${tested.length} tests`,
    },
  ]
}
