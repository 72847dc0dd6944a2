import type { CauseCode } from '../../../contract/causes.ts'
import { isWay, type Way, type Words, wayWords } from '../clusters/way-words.ts'

/** What the words of a cause are filled in with. */
export type CauseContext = {
  /** "service web". */
  readonly target: string
  readonly namespace: string
  readonly cluster: string
  readonly pod: string | null
  /** "port 8080", "port http". */
  readonly port: string
  /** "127.0.0.1:8080". */
  readonly local: string
  /** What the source said: kubectl's line, the API server's message, who holds the port. */
  readonly facts: string | null
}

type Wording = (detail: string | null, context: CauseContext) => Words

const waiting = 'Nothing to do: it goes on by itself.'
const again = 'It is tried again by itself.'
const said = ({ facts }: CauseContext): string => (facts === null || facts === '' ? '' : ` (${unstopped(facts)})`)
const unstopped = (text: string): string => text.trim().replace(/[.\s]+$/, '')
const sentence = (text: string): string => `${unstopped(text)}.`

/** kubectl's classes, as the way it failed. */
const kubectlWays: Readonly<Record<string, Way>> = {
  'api-dns': 'dns',
  'api-refused': 'refused',
  'api-timeout': 'timeout',
  'tls-handshake-timeout': 'timeout',
  'api-no-route': 'no-route',
  'api-closed': 'reset',
  'cert-expired': 'tls',
  'cert-unknown-authority': 'tls',
  'cert-wrong-name': 'tls',
  'plain-http': 'tls',
}

const words: Record<CauseCode, Wording> = {
  queued: () => ({
    message: 'It waits for its turn: only a few kubectl processes start at the same time.',
    next: `${waiting} The limit is in Settings.`,
  }),
  connecting: (detail, { target }) =>
    detail === 'wake'
      ? { message: 'The machine slept; Mooring checks whether the connection survived.', next: waiting }
      : { message: `Connecting to ${target}.`, next: waiting },
  stopping: () => ({
    message: 'Its connections and processes are being ended.',
    next: 'Nothing to do: it is over in a moment.',
  }),
  'pod-replaced': (_, { pod }) => ({
    message: `${pod === null ? 'The pod' : `The pod ${pod}`} is gone or going; another one takes its place.`,
    next: waiting,
  }),
  'tunnel-lost': (_, context) => ({
    message: `The connection to ${context.pod === null ? 'the pod' : `pod ${context.pod}`} was lost${said(context)}.`,
    next: 'Nothing to do: it is opened again by itself.',
  }),
  'tunnel-stalled': (detail, context) => ({
    message:
      detail === 'kubectl-stopped'
        ? `Its kubectl is stopped and carries nothing${said(context)}.`
        : `Nothing comes through the connection to ${context.pod === null ? 'the pod' : `pod ${context.pod}`} any more.`,
    next:
      detail === 'kubectl-stopped'
        ? 'Nothing to do: another kubectl takes its place. If it happens again, look what stops processes on this machine.'
        : 'Check the network or VPN; another connection is tried by itself.',
  }),
  'cluster-unreachable': (detail, context) => {
    const way = kubectlWays[detail ?? ''] ?? detail
    if (!isWay(way))
      return {
        message: `The API server of ${context.cluster} cannot be reached${said(context)}.`,
        next: "Check the network or VPN; test the cluster's connection to see which step fails.",
      }
    const facts = context.facts === null ? null : unstopped(context.facts)
    const { message, next } = wayWords(way, { server: `the API server of ${context.cluster}`, facts })
    return { message, next: `${next} ${again}` }
  },
  'api-unavailable': (_, context) => ({
    message: `The API server of ${context.cluster} cannot answer now${said(context)}.`,
    next: "Check the cluster's health (its API server, its etcd); it is tried again by itself.",
  }),
  'node-unreachable': (_, context) => ({
    message: `The node of ${context.pod === null ? 'the pod' : `pod ${context.pod}`} does not take the connection${said(context)}.`,
    next: 'Check the node: its kubelet, its container runtime, and the network between API server and node.',
  }),
  'upgrade-refused': (_, context) => ({
    message: `Port-forwards do not get through to ${context.cluster}: something on the way refuses to upgrade the connection${said(context)}.`,
    next: 'Check the proxies and load balancers in front of the API server: they must let WebSocket or SPDY upgrades through.',
  }),
  'credentials-expired': (_, context) => ({
    message: `The credentials for ${context.cluster} have expired${said(context)}.`,
    next: 'Sign in again, or replace the credentials of the cluster with a new kubeconfig.',
  }),
  'credentials-rejected': (_, context) => ({
    message: `The API server of ${context.cluster} does not accept the credentials.`,
    next: 'They may have expired or been taken back: replace the credentials of the cluster with a new kubeconfig.',
  }),
  'credentials-command-missing': (_, context) => ({
    message: `The credential command of ${context.cluster} is not installed${said(context)}.`,
    next: 'Install the command; then it goes on by itself.',
  }),
  'credentials-command-failed': (_, context) => ({
    message: `The credential command of ${context.cluster} failed${said(context)}.`,
    next: 'Run the command in a terminal and sign in where it asks for it; then run it again here, or restart the forward.',
  }),
  'credentials-command-not-allowed': (_, context) => ({
    message: `The credential command of ${context.cluster} may not run: nobody has allowed it.`,
    next: 'Look at the command, and allow it if you trust it.',
  }),
  // The detail is the permission that was missed: often one that only finding the pods needs.
  forbidden: (detail, context) => ({
    message: context.facts === null ? `${context.cluster} does not allow this.` : sentence(context.facts),
    next: `Ask the cluster administrator for permission to ${detail === null || detail.endsWith('pods/portforward') ? '' : `${detail}, and to `}port-forward (get and create on pods/portforward) in namespace ${context.namespace}.`,
  }),
  'namespace-missing': (_, { namespace, cluster }) => ({
    message: `There is no namespace ${namespace} in ${cluster}.`,
    next: 'Create it, or edit the forward and correct its namespace; then the forward goes on by itself.',
  }),
  'target-missing': (_, { target, namespace }) => ({
    message: `There is no ${target} in namespace ${namespace}.`,
    next: 'Create it, or edit the forward and correct its target; then the forward goes on by itself.',
  }),
  'no-ready-pod': (detail, context) => noReadyPod(detail, context),
  'port-not-in-target': (_, { target, port, facts }) => ({
    message: `The ${target} has no ${port}${facts === null ? '' : `; ${unstopped(facts)}`}.`,
    next: 'Edit the forward and choose one of its ports.',
  }),
  'container-not-listening': (_, { pod, port }) => ({
    message: `Nothing listens on ${port} in ${pod === null ? 'the pod' : `pod ${pod}`}.`,
    next: 'Check the port of the forward, and whether the program in the container is up and listens on it.',
  }),
  'reset-by-pod': (_, { pod, port }) => ({
    message: `${pod === null ? 'The pod' : `Pod ${pod}`} resets connections to ${port}.`,
    next: 'Look at the logs of the program in the container; it is tried again by itself.',
  }),
  'local-port-taken': (_, { local, facts }) => ({
    message: facts === null ? `Another program listens on ${local}.` : sentence(facts),
    next: 'Stop that program, or give the forward another local port; the forward goes on by itself as soon as the port is free.',
  }),
  'local-port-forbidden': (detail, { local, facts }) =>
    detail === 'address-not-local'
      ? {
          message: facts === null ? `This machine cannot listen on ${local}.` : sentence(facts),
          next: 'Connect the network or VPN that has this address, or choose another address to listen on.',
        }
      : {
          message: `The system does not let Mooring listen on ${local}.`,
          next: 'Choose a local port of 1024 or above.',
        },
  'kubectl-missing': () => ({
    message: 'No usable kubectl was found.',
    next: 'Install kubectl or choose it in Settings; then it goes on by itself.',
  }),
  'kubectl-failed': (_, context) => ({
    message: `kubectl failed${context.facts === null ? '' : `: ${unstopped(context.facts)}`}.`,
    next: 'Look at what kubectl printed, in the output of the forward; it is tried again by itself.',
  }),
  'vault-locked': (detail) =>
    detail === 'vault-not-set-up'
      ? { message: 'The vault is not set up.', next: 'Set it up; the forward goes on by itself.' }
      : {
          message: 'The vault is locked.',
          next: 'Unlock the vault; the forward goes on by itself.',
        },
  'limit-reached': (detail, context) => ({
    message:
      detail === 'unchecked'
        ? `The limit of kubectl processes is reached${said(context)}, so Mooring cannot check whether the connection still works.`
        : `The limit of kubectl processes is reached${said(context)}.`,
    next:
      detail === 'unchecked'
        ? 'Clients stay connected. Stop forwards that you do not need, or raise the limit in Settings.'
        : 'Stop forwards that you do not need, or raise the limit in Settings.',
  }),
  'storage-failed': (_, context) => ({
    message: `The database cannot be written${said(context)}.`,
    next: 'Free space on the disk, and check that the data folder can be written.',
  }),
}

function noReadyPod(detail: string | null, { target, namespace, pod, facts }: CauseContext): Words {
  const where = `The ${target} in namespace ${namespace}`
  switch (detail) {
    case 'no-pods':
      return {
        message: `${where} has no pods.`,
        next: 'Scale it up, or check its selector; the forward goes on as soon as a pod is ready.',
      }
    case 'service-without-selector':
      return {
        message: `${where} has no selector, so no pods belong to it.`,
        next: 'Choose a pod or workload instead.',
      }
    case 'unwatched':
      return {
        message: 'The pods of this target cannot be looked up: the cluster is not watched now.',
        next: 'It goes on by itself; if it stays so, restart the cluster watcher in Diagnostics.',
      }
    case 'CrashLoopBackOff':
      return {
        message: `${pod === null ? `${where} has a pod that` : `The pod ${pod}`} crashes again and again (CrashLoopBackOff).`,
        next: 'Look at the logs of the pod; clients are served while it is up, and the forward is live once it stays up for 10 s.',
      }
    default: {
      const cannotStart = unstartedPod(detail, pod === null ? `${where} has a pod that` : `The pod ${pod}`)
      if (cannotStart !== null) return cannotStart
      const why = facts ?? detail
      return {
        message: `${where} has no ready pod${why === null ? '' : `: ${unstopped(why)}`}.`,
        next: 'Look at the events and logs of the pod; the forward goes on as soon as one is ready.',
      }
    }
  }
}

const untilReady = 'The forward goes on as soon as a pod is ready.'

/** Of a pod whose containers never ran, so that there are no logs to look at; null: they may have. */
function unstartedPod(reason: string | null, who: string): Words | null {
  if (reason === null) return null
  if (/^(Init:)?(ErrImage|Image|InvalidImage|Registry)/.test(reason))
    return {
      message: `${who} cannot start: its image cannot be pulled (${reason}).`,
      next: `Check the name of the image, its pull policy and its registry; the events of the pod say what failed. ${untilReady}`,
    }
  if (/^(Unschedulable|Scheduling)/.test(reason))
    return {
      message: `${who} waits for a node to run on (${reason}).`,
      next: `Look at the events of the pod: they say what the nodes lack. ${untilReady}`,
    }
  if (/^(Init:)?(Create|Run)Container/.test(reason))
    return {
      message: `${who} cannot start (${reason}).`,
      next: `Look at the events of the pod: a ConfigMap, a Secret, a volume or the command may be missing. ${untilReady}`,
    }
  return null
}

/** What a cause means and what to do about it, in plain words with the names filled in. */
export function causeWords(code: CauseCode, detail: string | null, context: CauseContext): Words {
  return words[code](detail, context)
}
