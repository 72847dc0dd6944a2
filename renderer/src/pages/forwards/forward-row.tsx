import { EyeOff, Globe, MoreHorizontal } from 'lucide-react'
import { memo, type MouseEvent, useEffect, useState } from 'react'
import { type Forward, targetWord } from '../../../../contract/forwards.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { bytesPerSecond } from '../../components/byte-words.ts'
import { classNames } from '../../components/class-names.ts'
import { copyText } from '../../components/copy-text.ts'
import { Menu } from '../../components/menu.tsx'
import { Sparkline } from '../../components/sparkline.tsx'
import { StateWord } from '../../components/state-mark.tsx'
import table from '../../components/table.module.css'
import { TimeSince } from '../../components/time-since.tsx'
import type { RowPlace } from '../../components/virtual-rows.tsx'
import { Words } from '../../components/words.tsx'
import { useNow } from '../../state/clock-store.ts'
import { undoMs } from '../../state/removals.ts'
import { rateNow, ratesOf, trafficSamples } from '../../state/traffic-history.ts'
import { useAppState, useFresh, useRemoval, useTraffic } from '../../state/use-app-state.ts'
import { LookAtCommand } from '../clusters/look-at-command.tsx'
import { type ForwardActions, forwardCommands } from './forward-commands.ts'
import styles from './forward-table.module.css'
import { addressWord, attemptWords, causeWord, reachWords, stateMark, stateWord, watchWords } from './forward-words.ts'

/** One forward: its state in word and shape, its address, where it leads; and while it is not live, why and what next. */
export const ForwardRow = memo(function ForwardRow({
  forward,
  open,
  selected,
  tabStop,
  index,
  measure,
  onRow,
  onToggle,
  actions,
}: {
  forward: Forward
  open: boolean
  selected: boolean
  tabStop: boolean
  /** Its place among all rows of the table, heads of groups too. */
  index: number
  measure: RowPlace['ref']
  onRow: (forward: Forward, event: Pick<MouseEvent, 'ctrlKey' | 'metaKey'>) => void
  onToggle: (id: string) => void
  actions: ForwardActions
}) {
  const removedAt = useRemoval(forward.id)
  const fresh = useFresh()
  const { observed, state } = forward
  const watch = watchWords(forward)
  const target = `${targetWord(forward.target)}:${forward.ports.map(({ remote }) => remote).join(',')}`
  return (
    <div
      role="row"
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      data-row-id={forward.id}
      data-open={open || undefined}
      aria-selected={selected}
      tabIndex={tabStop ? 0 : -1}
      className={classNames(table.row, styles.row, removedAt !== null && styles.removed)}
      onClick={(event) => onRow(forward, event)}
    >
      <span role="gridcell" className={styles.tick} onClick={(event) => event.stopPropagation()}>
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${forward.name}`}
          checked={selected}
          onChange={() => onToggle(forward.id)}
        />
      </span>
      <span role="gridcell" className={table.cell}>
        <StateWord name={stateMark(forward, fresh)} word={stateWord(forward, fresh)} />
        {watch !== null && <span className="visually-hidden"> {watch}</span>}
      </span>
      <span role="gridcell" className={classNames(table.cell, table.name)} title={forward.name}>
        {forward.name}
      </span>
      <span role="gridcell" className={styles.address} onClick={(event) => event.stopPropagation()}>
        <Addresses forward={forward} />
      </span>
      <span
        role="gridcell"
        className={classNames(table.cell, table.mono, styles.target)}
        title={`${target} in ${forward.namespace}`}
      >
        <span aria-hidden className={styles.arrow}>
          →
        </span>{' '}
        {target} <span className="visually-hidden">in </span>
        <span className={table.muted}>{forward.namespace}</span>
      </span>
      {removedAt !== null ? (
        <Removed forward={forward} at={removedAt} />
      ) : state === 'live' ? (
        <>
          <span
            role="gridcell"
            className={classNames(table.cell, table.mono, table.muted, styles.pod)}
            title={observed.pod ?? ''}
          >
            {observed.pod ?? ''}
          </span>
          <span role="gridcell" className={classNames(table.cell, table.number, styles.connections)}>
            {watch !== null && (
              <span title={watch} className={styles.caution}>
                <EyeOff aria-hidden size={12} />
              </span>
            )}
            {observed.connections}
            {observed.parked > 0 && (
              <span className={table.muted}>
                {' '}
                +{observed.parked}
                <span className="visually-hidden"> waiting</span>
              </span>
            )}
          </span>
          <span role="gridcell" className={styles.traffic}>
            <Traffic id={forward.id} fresh={fresh} />
          </span>
          <span role="gridcell" className={classNames(table.cell, table.number, table.muted, styles.since)}>
            <TimeSince at={observed.since} />
          </span>
        </>
      ) : (
        <Why forward={forward} fresh={fresh} />
      )}
      <span role="gridcell" className={styles.menu} onClick={(event) => event.stopPropagation()}>
        <Menu
          trigger={
            <IconButton label={`Actions for ${forward.name}`} tabIndex={-1} data-cell-focus>
              <MoreHorizontal aria-hidden size={16} />
            </IconButton>
          }
          entries={forwardCommands.map((command) => ({
            kind: 'action',
            id: command.id,
            words: command.words(forward),
            keys: command.key ?? undefined,
            danger: command.danger === true,
            unavailable: !command.when(forward),
            run: () => command.run(forward, actions),
          }))}
        />
      </span>
    </div>
  )
})

/** The first address as a button that copies it; the others are counted, and all of them are in the title. */
function Addresses({ forward }: { forward: Forward }) {
  const [copied, setCopied] = useState(false)
  const [first, ...others] = forward.ports
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), 1200)
    return () => clearTimeout(timer)
  }, [copied])
  if (first === undefined) return null
  const address = addressWord(first)
  const reach = forward.ports.map(reachWords).find((words) => words !== null) ?? null
  return (
    <>
      <button
        type="button"
        tabIndex={-1}
        data-cell-focus
        className={styles.copy}
        title={`Copy ${address}`}
        onClick={() => setCopied(copyText(address))}
      >
        {copied ? 'Copied' : address}
      </button>
      {reach !== null && (
        <span title={reach} className={styles.caution}>
          <Globe aria-hidden size={12} />
          <span className="visually-hidden">{reach}</span>
        </span>
      )}
      {others.length > 0 && (
        <span className={table.muted} title={forward.ports.map(addressWord).join('\n')}>
          +{others.length}
          <span className="visually-hidden"> more</span>
        </span>
      )}
    </>
  )
}

function Traffic({ id, fresh }: { id: string; fresh: boolean }) {
  const samples = useTraffic(id)
  const rate = rateNow(samples, 'bytesIn') + rateNow(samples, 'bytesOut')
  return (
    <>
      <Sparkline values={ratesOf(samples)} slots={trafficSamples} />
      <span className={classNames(styles.rate, rate === 0 && table.muted)}>
        {fresh && (rate === 0 ? '0' : bytesPerSecond(rate))}
        {fresh && rate === 0 && <span className="visually-hidden"> B/s</span>}
      </span>
    </>
  )
}

/** In place of figures that would mean nothing now: the cause, what is tried, what to do. */
function Why({ forward, fresh }: { forward: Forward; fresh: boolean }) {
  const now = useNow()
  const { cause, observed, state } = forward
  if (state === 'off')
    return (
      <span role="gridcell" aria-colspan={4} className={classNames(table.cell, table.muted, styles.why)}>
        {forward.desired === 'on' ? 'off' : ''}
      </span>
    )
  const attempt = fresh ? attemptWords(forward, now) : ''
  return (
    <>
      <span role="gridcell" aria-colspan={4} className={classNames(table.cell, styles.why)}>
        {cause !== null && <span className={styles.cause}>{causeWord(cause)} · </span>}
        <span className={table.muted}>
          <TimeSince at={cause?.since ?? observed.since} />
          {cause === null && attempt !== '' && <> · {attempt}</>}
        </span>
      </span>
      {cause !== null && (
        <span role="gridcell" aria-colspan={6} className={classNames(table.cell, styles.next)}>
          <span className={styles.cause}>
            <Words>{cause.message}</Words>
          </span>{' '}
          {cause.next}
          {attempt !== '' && ` (${attempt})`} <LookAtCommand clusterId={forward.clusterId} cause={cause} />
        </span>
      )}
    </>
  )
}

function Removed({ forward, at }: { forward: Forward; at: number }) {
  const { removals } = useAppState()
  const left = Math.min(undoMs / 1000, Math.max(0, Math.ceil((at + undoMs - useNow()) / 1000)))
  return (
    <span role="gridcell" aria-colspan={4} className={styles.why} onClick={(event) => event.stopPropagation()}>
      removed{' '}
      <Button tabIndex={-1} data-cell-focus className={styles.undo} onClick={() => removals.undo([forward.id])}>
        Undo ({left} s)
      </Button>
    </span>
  )
}
