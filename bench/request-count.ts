import type { TestCluster } from '../e2e/testbed/testbed.ts'
import { waitUntil } from '../e2e/support/wait-until.ts'

/** The users of the bed whose requests are counted: `token`, and `service-account`. */
const subjects = {
  'static-user': { kind: 'User', user: { name: 'static-user' } },
  robot: { kind: 'ServiceAccount', serviceAccount: { namespace: 'default', name: 'robot' } },
}
type User = keyof typeof subjects
type Counts = Record<User, number>

const path = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas'

/**
 * Lets the API server count by user: its flow control sorts requests by subject, and its metrics tell how many of each
 * sort it has dispatched. Nothing stands between client and server.
 */
export async function countRequests(
  cluster: TestCluster,
): Promise<{ read(): Promise<Counts>; close(): Promise<void> }> {
  const users = Object.keys(subjects) as User[]
  const everything = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }
  for (const user of users) {
    await cluster.apply({
      apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
      kind: 'FlowSchema',
      metadata: { name: `bench-${user}` },
      spec: {
        matchingPrecedence: 50,
        priorityLevelConfiguration: { name: 'workload-high' },
        rules: [
          {
            subjects: [subjects[user]],
            resourceRules: [everything],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          },
        ],
      },
    })
  }
  const read = async (): Promise<Counts> => {
    const { stdout } = await cluster.kubectl(['get', '--raw', '/metrics'])
    const of = (user: User): number =>
      [...stdout.matchAll(/^apiserver_flowcontrol_dispatched_requests_total\{([^}]*)\} (\S+)$/gm)]
        .filter(([, labels = '']) => labels.includes(`flow_schema="bench-${user}"`))
        .reduce((sum, [, , value]) => sum + Number(value), 0)
    return { 'static-user': of('static-user'), robot: of('robot') }
  }
  // The server takes a new sorting over after a moment: until it counts a request of a user, none would be counted.
  await waitUntil('the API server to count by user', 30, async () => {
    for (const user of ['token', 'service-account']) await cluster.kubectl(['get', 'namespaces'], { user })
    const counts = await read()
    return users.every((user) => counts[user] > 0)
  })
  return {
    read,
    close: async () => {
      for (const user of users) await cluster.api.request('DELETE', `${path}/bench-${user}`)
    },
  }
}
