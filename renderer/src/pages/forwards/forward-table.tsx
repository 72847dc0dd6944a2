import { useNavigate } from '@tanstack/react-router'
import { Play, Square } from 'lucide-react'
import {
  type Dispatch,
  type KeyboardEvent,
  type MouseEvent,
  type SetStateAction,
  useCallback,
  useMemo,
  useRef,
} from 'react'
import type { Forward } from '../../../../contract/forwards.ts'
import { IconButton } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { clusterColour, EnvironmentWord, markClass } from '../../components/environment.tsx'
import { useGridNavigation } from '../../components/grid-navigation.ts'
import { MiddleCut } from '../../components/middle-cut.tsx'
import { type Heading, TableHead } from '../../components/table-head.tsx'
import table from '../../components/table.module.css'
import { TimeSince } from '../../components/time-since.tsx'
import { type RowPlace, VirtualRows } from '../../components/virtual-rows.tsx'
import { useConnection, useSettings } from '../../state/use-app-state.ts'
import { ClusterMark } from '../clusters/cluster-state-word.tsx'
import { type ForwardActions, forwardCommands } from './forward-commands.ts'
import type { ForwardGroup } from './forward-list.ts'
import { countStates, shownStates } from './forward-list.ts'
import { ForwardRow } from './forward-row.tsx'
import styles from './forward-table.module.css'
import { pastWord } from './forward-words.ts'

const headings: readonly Heading[] = [
  'Selected',
  'State',
  'Name',
  'Address',
  'Target',
  'Pod',
  ['Conn.', 'Connections'],
  'Traffic',
  'Since',
  'Actions',
]

type TableRow =
  | { readonly key: string; readonly isHead: true; readonly group: ForwardGroup }
  | { readonly key: string; readonly isHead: false; readonly forward: Forward }

/** A row with a cause has a second line in most widths. */
const estimate = (row: TableRow): number =>
  row.isHead ? 32 : row.forward.cause === null || row.forward.state === 'off' ? 28 : 54

/** The table of forwards: one tab stop, keys as the keys page lists them. */
export function ForwardTable({
  groups,
  openId,
  selected,
  onSelect,
  onRow,
  actions,
}: {
  groups: readonly ForwardGroup[]
  openId: string | null
  selected: ReadonlySet<string>
  onSelect: Dispatch<SetStateAction<ReadonlySet<string>>>
  onRow: (forward: Forward, event: Pick<MouseEvent, 'ctrlKey' | 'metaKey'>) => void
  actions: ForwardActions
}) {
  const navigate = useNavigate()
  const letters = useSettings()?.singleKeyShortcuts ?? true
  const ordered = useMemo(() => groups.flatMap(({ forwards }) => forwards), [groups])
  const ids = useMemo(() => ordered.map(({ id }) => id), [ordered])
  const rows = useMemo(
    () =>
      groups.flatMap((group): TableRow[] => [
        ...(group.title === null ? [] : [{ key: group.key, isHead: true as const, group }]),
        ...group.forwards.map((forward) => ({ key: forward.id, isHead: false as const, forward })),
      ]),
    [groups],
  )
  const anchor = useRef<string | null>(null)

  const toggle = useCallback(
    (id: string) => {
      anchor.current = id
      onSelect((old) => {
        const next = new Set(old)
        if (!next.delete(id)) next.add(id)
        return next
      })
    },
    [onSelect],
  )

  const onKey = (event: KeyboardEvent<HTMLElement>, id: string, inRow: boolean): boolean => {
    const forward = ordered.find((each) => each.id === id)
    if (forward === undefined) return false
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'a') {
      onSelect(new Set(ids))
      return true
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    if (event.key === 'n') void navigate({ to: '/forwards/new', search: ({ q, state }) => ({ q, state }) })
    else if (event.key === '.' || (event.key === 'F10' && event.shiftKey)) openRowMenu(event.currentTarget, id)
    else if (event.key === 'Escape' && selected.size > 0) onSelect(new Set())
    else if (inRow && event.key === ' ') toggle(id)
    else if (inRow && event.key === 'Enter') actions.open(forward)
    else {
      const command = forwardCommands.find(({ key }) => key === event.key)
      if (command?.when(forward) !== true) return false
      if (command.id === 'remove' && selected.has(id)) actions.remove(ordered.filter((each) => selected.has(each.id)))
      else command.run(forward, actions)
    }
    return true
  }

  const { ref, onKeyDown, onFocus, tabStop } = useGridNavigation(onKey, {
    ids,
    openId,
    letters,
    onFocusRow: (id, extend) => {
      if (!extend) {
        anchor.current = id
        return
      }
      const [from, to] = [ids.indexOf(anchor.current ?? id), ids.indexOf(id)].sort((a, b) => a - b)
      onSelect(new Set(ids.slice(from, (to ?? 0) + 1)))
    },
  })

  return (
    <div
      ref={ref}
      role="grid"
      aria-label="Port-forwards"
      aria-multiselectable
      aria-rowcount={rows.length + 1}
      className={classNames(table.table, selected.size > 0 && styles.selecting)}
      onKeyDown={onKeyDown}
      onFocus={onFocus}
    >
      <div className={styles.columns}>
        <TableHead headings={headings} />
        <VirtualRows rows={rows} keep={tabStop} estimate={estimate}>
          {(row, place) =>
            row.isHead ? (
              <GroupHead group={row.group} actions={actions} place={place} />
            ) : (
              <ForwardRow
                forward={row.forward}
                open={row.key === openId}
                selected={selected.has(row.key)}
                tabStop={row.key === tabStop}
                index={place['data-index']}
                measure={place.ref}
                onRow={onRow}
                onToggle={toggle}
                actions={actions}
              />
            )
          }
        </VirtualRows>
      </div>
    </div>
  )
}

function openRowMenu(grid: HTMLElement, id: string): void {
  grid.querySelector<HTMLElement>(`[data-row-id="${CSS.escape(id)}"] [aria-haspopup="menu"]`)?.click()
}

function GroupHead({ group, actions, place }: { group: ForwardGroup; actions: ForwardActions; place: RowPlace }) {
  const { lostSince } = useConnection()
  const counts = countStates(group.forwards)
  const summary = shownStates.flatMap((state) => {
    const count = counts.get(state) ?? 0
    return count === 0 ? [] : [`${count} ${lostSince === null ? state : pastWord(state, count)}`]
  })
  return (
    <div
      role="row"
      {...place}
      className={classNames(table.group, group.cluster !== null && markClass(clusterColour(group.cluster)))}
    >
      <span role="gridcell" aria-colspan={headings.length} className={styles.groupCell}>
        {group.cluster !== null && <ClusterMark cluster={group.cluster} />}
        <span className={table.groupName}>
          <MiddleCut text={group.title ?? ''} />
        </span>
        {group.cluster !== null && <EnvironmentWord cluster={group.cluster} />}
        <span className={table.groupAside}>
          {group.cluster?.status.status === 'disconnected' &&
            `${group.cluster.status.cause?.message ?? 'disconnected'} · `}
          {summary.join(' · ')}
          {lostSince !== null && (
            <>
              {' · as of '}
              <TimeSince at={lostSince} suffix />
            </>
          )}
        </span>
        <span className={styles.groupActions}>
          <IconButton
            label={`Start all of ${group.title ?? ''}`}
            onClick={() => actions.start(group.forwards.filter(({ desired }) => desired === 'off'))}
          >
            <Play aria-hidden size={12} />
          </IconButton>
          <IconButton
            label={`Stop all of ${group.title ?? ''}`}
            onClick={() => actions.stop(group.forwards.filter(({ desired }) => desired === 'on'))}
          >
            <Square aria-hidden size={12} />
          </IconButton>
        </span>
      </span>
    </div>
  )
}
