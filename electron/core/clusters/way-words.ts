import type { UnreachableDetail } from '../../../network/network-failure.ts'
import { capital } from '../sentence.ts'

/** A sentence that says what is wrong, and one that says what to do. */
export type Words = { readonly message: string; readonly next: string }

/** What can be wrong on the way to an API server. */
export type Way = UnreachableDetail

/** What the words of a way are filled in with. */
type WayFacts = {
  /** "the API server of dev"; "the API server" where it is plain which one is meant. */
  readonly server: string
  /** What exactly was refused, without a full stop; said where the way alone does not tell. */
  readonly facts: string | null
}

const withFacts = (text: string, facts: string | null): string => (facts === null ? `${text}.` : `${text}: ${facts}.`)

const words: Readonly<Record<Way, (way: WayFacts) => Words>> = {
  dns: ({ server }) => ({
    message: `The name of ${server} cannot be resolved.`,
    next: 'Check the network or VPN, and the server address in the kubeconfig.',
  }),
  refused: ({ server }) => ({
    message: `${capital(server)} refuses connections: it is down, or something in front of it is.`,
    next: 'Check that the cluster runs and that the address and port in the kubeconfig are right.',
  }),
  timeout: ({ server }) => ({
    message: `${capital(server)} does not answer.`,
    next: 'Check the network or VPN, and whether the cluster runs.',
  }),
  'no-route': ({ server }) => ({
    message: `There is no network route to ${server}.`,
    next: 'Check the network or VPN.',
  }),
  reset: ({ server }) => ({
    message: `The connection to ${server} is cut.`,
    next: 'Check what stands between this machine and the cluster: a firewall, a proxy, a VPN.',
  }),
  tls: ({ server, facts }) => ({
    message: withFacts(`The certificate of ${server} cannot be trusted`, facts),
    next: 'Check the certificate authority and the server name in the kubeconfig; the clock of this machine matters too.',
  }),
  proxy: ({ server, facts }) => ({
    message: withFacts(`The proxy on the way to ${server} does not let the connection through`, facts),
    next: 'Check the address of the proxy, and its user name and password.',
  }),
}

/** Whether the detail of a cause says what is wrong on the way to an API server. */
export const isWay = (detail: string | null): detail is Way => detail !== null && Object.hasOwn(words, detail)

/** The one table of words for what is wrong on the way to an API server: forwards, clusters and questions all use it. */
export const wayWords = (way: Way, facts: WayFacts): Words => words[way](facts)
