import type { Cluster } from '../../contract/clusters.ts'
import { useBedWorld, type BedWorld } from './bed-world.ts'
import { startHost, type RunningHost } from './host.ts'
import { addCluster, sidecarReady, withKubectl } from './main-job.ts'

/** What the specs of one file share: a host that knows cluster A of the bed, and a namespace of their own. */
export type ForwardWorld = BedWorld & { readonly host: RunningHost; readonly cluster: Cluster }

/** As {@link useBedWorld}; `prepare` fills the namespace before the host starts. */
export const useForwardWorld = (
  name: string,
  prepare: (ground: BedWorld) => Promise<void> = () => Promise.resolve(),
): ForwardWorld =>
  useBedWorld(
    name,
    async (ground) => {
      await prepare(ground)
      const host = await startHost({ environment: withKubectl(ground.bed) })
      await sidecarReady(host.client)
      return { host, cluster: await addCluster(host.client, ground.bed.a.kubeconfig, 'bed a') }
    },
    ({ host }) => host.close(),
  )
