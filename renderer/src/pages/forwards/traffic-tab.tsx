import { useQuery } from '@tanstack/react-query'
import { useId } from 'react'
import type { ConnectionRow, Forward } from '../../../../contract/forwards.ts'
import { bytes, bytesPerSecond } from '../../components/byte-words.ts'
import { classNames } from '../../components/class-names.ts'
import detail from '../../components/detail.module.css'
import { Facts } from '../../components/page.tsx'
import { Problem } from '../../components/problem.tsx'
import { Sparkline } from '../../components/sparkline.tsx'
import { TimeSince } from '../../components/time-since.tsx'
import { errorOf, valueOf } from '../../state/ask.ts'
import { rateNow, ratesOf, trafficSamples } from '../../state/traffic-history.ts'
import { useClient, useTraffic } from '../../state/use-app-state.ts'
import { counted } from '../clusters/words.ts'
import styles from './traffic-tab.module.css'

/** What flows, and who is connected. */
export function TrafficTab({ forward }: { forward: Forward }) {
  const { observed } = forward
  const samples = useTraffic(forward.id)
  return (
    <div className={detail.stack}>
      <div className={styles.chart}>
        <Sparkline values={ratesOf(samples)} slots={trafficSamples} />
        <p className={styles.rates}>
          <span>
            <strong>{bytesPerSecond(rateNow(samples, 'bytesIn'))}</strong> from the pod
          </span>
          <span>
            <strong>{bytesPerSecond(rateNow(samples, 'bytesOut'))}</strong> to the pod
          </span>
          <span className={detail.muted}>last minute</span>
        </p>
      </div>
      <Facts
        facts={[
          ['Since the app started', `${bytes(observed.bytesIn)} from the pod, ${bytes(observed.bytesOut)} to the pod`],
          observed.parked === 0
            ? null
            : [
                'Waiting',
                `${counted(observed.parked, 'client', 'clients')}, until a pod is ready or ${forward.parkSeconds} s are over`,
              ],
          observed.memoryBytes === null
            ? null
            : [
                'Its kubectl uses',
                `${bytes(observed.memoryBytes)}, ${(observed.cpuPercent ?? 0).toFixed(1)} % of a core`,
              ],
        ]}
      />
      <Connections forward={forward} />
    </div>
  )
}

function Connections({ forward }: { forward: Forward }) {
  const heading = useId()
  const client = useClient()
  const connections = useQuery({
    queryKey: ['connections', forward.id],
    queryFn: ({ signal }) => valueOf(client.forwards.connections({ id: forward.id }, signal)),
    refetchInterval: 2000,
    staleTime: 0,
  })
  if (connections.error !== null) return <Problem error={errorOf(connections.error)} />
  const rows = connections.data ?? []
  return (
    <div>
      <h3 id={heading} className={detail.heading}>
        {rows.length === 0 ? 'Nobody is connected' : counted(rows.length, 'connection', 'connections')}
      </h3>
      {rows.length > 0 && (
        <table aria-labelledby={heading} className={styles.table}>
          <thead>
            <tr>
              <th scope="col">Client</th>
              <th scope="col">Port</th>
              <th scope="col" className={styles.number}>
                From pod
              </th>
              <th scope="col" className={styles.number}>
                To pod
              </th>
              <th scope="col" className={styles.number}>
                Age
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row key={row.id} row={row} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  )
}

function Row({ row }: { row: ConnectionRow }) {
  return (
    <tr>
      <td title={`${row.peer}${row.pod === null ? '' : ` to ${row.pod}`}`}>
        {row.process ?? 'unknown program'}
        <span className={detail.muted}>
          {row.pid !== null && ` ${row.pid}`}
          {row.state !== 'open' && ` · ${row.state === 'parked' ? 'waiting' : 'draining'}`}
        </span>
      </td>
      <td className={classNames(styles.port, detail.mono)}>{row.local}</td>
      <td className={styles.number}>{bytes(row.bytesIn)}</td>
      <td className={styles.number}>{bytes(row.bytesOut)}</td>
      <td className={classNames(styles.number, detail.muted)}>
        <TimeSince at={row.openedAt} />
      </td>
    </tr>
  )
}
