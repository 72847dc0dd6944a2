import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { Cluster } from '../../contract/clusters.ts'
import type { Testbed } from '../testbed/testbed.ts'
import { startHost, type RunningHost } from './host.ts'
import { addCluster, sharedTestbed, withKubectl } from './main-job.ts'

/** What the specs of one file share: the bed, a host that knows its cluster A, and a namespace of their own. */
export type ForwardWorld = {
  readonly bed: Testbed
  readonly host: RunningHost
  readonly cluster: Cluster
  readonly namespace: string
}

/**
 * To be called at the top of a spec file; what it answers may be used in its specs. They say that they did not run
 * where there are no containers. `prepare` fills the namespace before the host starts.
 */
export function useForwardWorld(
  name: string,
  prepare: (world: Pick<ForwardWorld, 'bed' | 'namespace'>) => Promise<void> = () => Promise.resolve(),
): ForwardWorld {
  let bed: Testbed
  let host: RunningHost
  let cluster: Cluster
  let namespace: string

  beforeAll(async () => {
    bed = await sharedTestbed()
    if (!bed.containers) return
    namespace = await bed.a.createNamespace(name)
    await prepare({ bed, namespace })
    host = await startHost({ environment: withKubectl(bed) })
    cluster = await addCluster(host.client, bed.a.kubeconfig, 'bed a')
  })
  afterAll(async () => {
    if (bed.containers) {
      await host.close()
      await bed.a.deleteNamespace(namespace)
    }
    await bed.close()
  })
  beforeEach((context) => {
    if (!bed.containers) context.skip('needs real containers (root)')
  })
  return {
    get bed() {
      return bed
    },
    get host() {
      return host
    },
    get cluster() {
      return cluster
    },
    get namespace() {
      return namespace
    },
  }
}
