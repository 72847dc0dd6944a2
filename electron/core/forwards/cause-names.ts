import type { Forward } from '../../../contract/forwards.ts'
import { addressOf } from '../../../contract/local-address.ts'
import type { StoredForward } from '../store/forward-table.ts'
import type { CauseNames } from './shown-state.ts'

/** "service web", "label selector app=web". */
const targetWords = (target: Forward['target']): string =>
  target.kind === 'selector' ? `label selector ${target.selector}` : `${target.kind} ${target.name}`

/** The names that the words of a cause need; `portId`: the port it is about, null: its first. */
export function causeNames(
  { target, namespace, ports }: StoredForward,
  { portId, cluster, pod }: { portId: string | null; cluster: string; pod: string | null },
): CauseNames {
  const port = ports.find((one) => one.id === portId) ?? ports[0]
  return {
    target: targetWords(target),
    namespace,
    cluster,
    pod,
    port: port === undefined ? 'the port' : `port ${port.remote}`,
    local: port === undefined ? '' : addressOf(port.bind, port.local),
  }
}
