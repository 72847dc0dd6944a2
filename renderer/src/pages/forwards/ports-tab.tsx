import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import { useState } from 'react'
import type { AppError } from '../../../../contract/errors.ts'
import { type Forward, type ForwardPort, type PortOwner, targetWord } from '../../../../contract/forwards.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import detail from '../../components/detail.module.css'
import { Facts } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { StateMark } from '../../components/state-mark.tsx'
import { valueOf } from '../../state/ask.ts'
import { useAppState } from '../../state/use-app-state.ts'
import { addressWord, reachWords, urlOf } from './forward-words.ts'
import styles from './ports-tab.module.css'

/** Every port of a forward with its address; a taken one names who holds it. */
export function PortsTab({ forward }: { forward: Forward }) {
  const { shell } = useAppState()
  return (
    <div className={detail.stack}>
      <ul className={styles.ports}>
        {forward.ports.map((port) => (
          <li key={port.id} className={styles.port}>
            <div className={styles.line}>
              <code className={styles.address}>{addressWord(port)}</code>
              <span aria-hidden className={detail.muted}>
                →
              </span>
              <span className="visually-hidden">to</span>
              <code className={styles.remote}>{port.remote}</code>
              <CopyButton iconOnly text={addressWord(port)} label={`Copy ${addressWord(port)}`} />
              <IconButton
                label={`Open ${urlOf(port)}`}
                unavailable={port.local === 0 ? 'No local port is chosen yet' : null}
                onClick={() => void shell.openExternal(urlOf(port))}
              >
                <ExternalLink aria-hidden size={14} />
              </IconButton>
            </div>
            {reachWords(port) !== null && (
              <p className={detail.line}>
                <StateMark name="warn" />
                {reachWords(port)}
              </p>
            )}
            {forward.cause?.code === 'local-port-taken' && <Taken forward={forward} port={port} />}
          </li>
        ))}
      </ul>
      <Facts
        facts={[
          ['Target', `${targetWord(forward.target)} in ${forward.namespace}`],
          ['Pod', forward.observed.pod === null ? 'none now' : <code key="pod">{forward.observed.pod}</code>],
          ['Reconnects since Mooring started', String(forward.observed.reconnects)],
          forward.group === null ? null : ['Group', forward.group],
          forward.notes === '' ? null : ['Notes', forward.notes],
        ]}
      />
    </div>
  )
}

const ownerWords = ({ process, pid, forward }: PortOwner): string => {
  if (forward !== null) return `the forward ${forward.name}`
  const name = process ?? 'another program'
  return pid === null ? name : `${name} (process ${pid})`
}

/** Who holds a local port that we need, and the way out. */
function Taken({ forward, port }: { forward: Forward; port: ForwardPort }) {
  const { client } = useAppState()
  const navigate = useNavigate()
  const [error, setError] = useState<AppError | null>(null)
  const check = useQuery({
    queryKey: ['port', port.bind, port.local, forward.cause?.since],
    queryFn: ({ signal }) =>
      valueOf(
        client.forwards.check(
          { ports: [{ remote: port.remote, local: port.local, bind: port.bind }], forwardId: forward.id },
          signal,
        ),
      ),
    refetchInterval: 5000,
  })
  const result = check.data?.ports[0]
  if (result?.status !== 'taken') return null
  const other = result.owner?.forward ?? null
  const choose = async () => {
    const ports = forward.ports.map(({ id, remote, local, bind }) => ({
      remote,
      local: id === port.id ? 0 : local,
      bind,
    }))
    const answer = await client.forwards.update({ id: forward.id, ports })
    setError(answer.ok ? null : answer.error)
  }
  return (
    <div className={classNames(detail.box, detail.hold)}>
      <StateMark name="fail" size={14} />
      <div className={detail.stack}>
        <p>
          <strong>
            {port.local} is taken by {result.owner === null ? 'another program' : ownerWords(result.owner)}.
          </strong>
        </p>
        <div className={detail.row}>
          <Button onClick={() => void choose()}>Use another port</Button>
          {other !== null && (
            <Button onClick={() => void navigate({ to: '/forwards/$forwardId', params: { forwardId: other.id } })}>
              Show {other.name}
            </Button>
          )}
        </div>
        {error !== null && <Problem error={error} />}
      </div>
    </div>
  )
}
