import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '../../contract/clusters.ts'
import { useBedWorld, type BedWorld } from '../support/bed-world.ts'
import { expectOk } from '../support/expect-ok.ts'
import { addCluster, withKubectl } from '../support/main-job.ts'
import { OwnerDesktop } from './owner-desktop.ts'

/** What the specs of one file share: a desktop that owns its data and knows cluster A of the bed, and a namespace. */
export type DesktopWorld = BedWorld & { readonly desktop: OwnerDesktop; readonly cluster: Cluster }

/** As {@link useBedWorld}; `prepare` fills the namespace before the desktop starts. */
export const useDesktopWorld = (name: string, prepare: (ground: BedWorld) => Promise<void>): DesktopWorld =>
  useBedWorld(
    name,
    async (ground) => {
      await prepare(ground)
      const folder = await mkdtemp(join(tmpdir(), `mooring-${name}-`))
      const environment = withKubectl(ground.bed)
      const desktop = await OwnerDesktop.start({ dataDir: join(folder, 'data'), home: folder, environment })
      await expectOk(desktop.client.vault.setup({ provider: 'memory' }))
      return { folder, desktop, cluster: await addCluster(desktop.client, ground.bed.a.kubeconfig, 'bed a') }
    },
    async ({ folder, desktop }) => {
      await desktop.kill()
      await rm(folder, { recursive: true, force: true })
    },
  )
