import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Play, Plus, Square } from 'lucide-react'
import { type MouseEvent, useCallback, useMemo, useState } from 'react'
import type { Forward } from '../../../../contract/forwards.ts'
import { Button, buttonClass } from '../../components/button.tsx'
import { FilterChip } from '../../components/chip.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { FilterInput } from '../../components/filter-input.tsx'
import { Spacer, Toolbar } from '../../components/page.tsx'
import split from '../../components/split.module.css'
import { StateMark } from '../../components/state-mark.tsx'
import { useRemembered } from '../../state/remembered.ts'
import { useClusters, useForwards, useFresh, useOrderedClusters } from '../../state/use-app-state.ts'
import { countStates, filterForwards, groupForwards, shownStates } from './forward-list.ts'
import { pastWord, stateMark } from './forward-words.ts'
import { ForwardTable } from './forward-table.tsx'
import styles from './forwards-page.module.css'
import { SelectionBar } from './selection-bar.tsx'
import { useForwardActions } from './use-forward-actions.ts'

/** All forwards, and the detail of one, or the form for a new one, beside them. */
export function ForwardsPage() {
  const { loaded, items } = useForwards()
  if (!loaded) return <p className="visually-hidden">Loading forwards</p>
  return (
    <div className={split.split}>
      <div className={split.list}>{items.size === 0 ? <NoForwards /> : <ForwardList items={items} />}</div>
      <Outlet />
    </div>
  )
}

function NoForwards() {
  const hasClusters = useClusters().items.size > 0
  return (
    <>
      <h1 className="visually-hidden">Port-forwards</h1>
      <EmptyState
        title="No forwards yet"
        actions={
          hasClusters ? (
            <Link to="/forwards/new" className={buttonClass('primary')}>
              New forward
            </Link>
          ) : (
            <Link to="/clusters/add" className={buttonClass('primary')}>
              Add a cluster first
            </Link>
          )
        }
      >
        <p>
          Choose a service: it stays reachable on the same local port, whenever its pods or Mooring are started again.
        </p>
      </EmptyState>
    </>
  )
}

const groupings = ['cluster', 'group', 'none'] as const
const groupingWords = { cluster: 'By cluster', group: 'By group', none: 'Ungrouped' } as const

function ForwardList({ items }: { items: ReadonlyMap<string, Forward> }) {
  const navigate = useNavigate()
  const search = useSearch({ from: '/forwards' })
  const { forwardId } = useParams({ strict: false })
  const clusters = useOrderedClusters()
  const actions = useForwardActions()
  const fresh = useFresh()
  const [grouping, setGrouping] = useRemembered('forwards.group', groupings, 'cluster')
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const all = useMemo(() => [...items.values()], [items])
  const filter = useMemo(() => ({ text: search.q ?? '', states: search.state ?? [] }), [search.q, search.state])
  const shown = useMemo(() => filterForwards(all, filter, clusters), [all, filter, clusters])
  const groups = useMemo(() => groupForwards(shown, grouping, clusters), [shown, grouping, clusters])
  const counts = useMemo(() => countStates(all), [all])
  const chosen = useMemo(() => all.filter(({ id }) => selected.has(id)), [all, selected])
  const filtered = shown.length < all.length
  const change = (fields: { q?: string | undefined; state?: typeof search.state }) =>
    void navigate({ to: '.', search: (old) => ({ ...old, ...fields }), replace: true })
  const nextGrouping = groupings[(groupings.indexOf(grouping) + 1) % groupings.length] ?? 'cluster'
  const onRow = useCallback(
    (forward: Forward, event: Pick<MouseEvent, 'ctrlKey' | 'metaKey'>) => {
      if (!event.ctrlKey && !event.metaKey) actions.open(forward)
      else setSelected((old) => toggled(old, forward.id))
    },
    [actions],
  )
  return (
    <>
      <Toolbar title="Port-forwards">
        <Link to="/forwards/new" search={({ q, state }) => ({ q, state })} className={buttonClass('primary')}>
          <Plus aria-hidden size={14} />
          New forward
        </Link>
        <div className={styles.find}>
          <FilterInput
            label="Filter forwards"
            value={filter.text}
            onChange={(text) => change({ q: text === '' ? undefined : text })}
            onLeave={() => document.querySelector<HTMLElement>('[data-row-id][tabindex="0"]')?.focus()}
          />
          <div role="group" aria-label="Filter by state" className={styles.chips}>
            {shownStates
              .filter((state) => (counts.get(state) ?? 0) > 0 || filter.states.includes(state))
              .map((state) => (
                <FilterChip
                  key={state}
                  pressed={filter.states.includes(state)}
                  onToggle={() => {
                    const next = filter.states.includes(state)
                      ? filter.states.filter((each) => each !== state)
                      : [...filter.states, state]
                    change({ state: next.length === 0 ? undefined : next })
                  }}
                >
                  <StateMark name={stateMark({ state }, fresh)} size={10} />
                  {counts.get(state) ?? 0} {fresh ? state : pastWord(state, counts.get(state) ?? 0)}
                </FilterChip>
              ))}
          </div>
        </div>
        <Spacer />
        <Button
          look="quiet"
          className={styles.grouping}
          title="Change grouping"
          onClick={() => setGrouping(nextGrouping)}
        >
          {groupingWords[grouping]}
        </Button>
        <Button
          className={styles.command}
          title="Start what is shown and off"
          onClick={() => actions.start(shown.filter(({ desired }) => desired === 'off'))}
        >
          <Play aria-hidden size={12} />
          <span className={styles.commandWord}>{filtered ? `Start ${shown.length} shown` : 'Start all'}</span>
        </Button>
        <Button
          className={styles.command}
          title="Stop what is shown and on"
          onClick={() => actions.stop(shown.filter(({ desired }) => desired === 'on'))}
        >
          <Square aria-hidden size={12} />
          <span className={styles.commandWord}>{filtered ? `Stop ${shown.length} shown` : 'Stop all'}</span>
        </Button>
      </Toolbar>
      {chosen.length > 0 && <SelectionBar forwards={chosen} actions={actions} onClear={() => setSelected(new Set())} />}
      {shown.length === 0 ? (
        <EmptyState
          title={`No forward matches ${[filter.text === '' ? '' : `“${filter.text}”`, filter.states.join(' or ')].filter(Boolean).join(' and ')}.`}
          actions={<Button onClick={() => change({ q: undefined, state: undefined })}>Clear filter</Button>}
        />
      ) : (
        <ForwardTable
          groups={groups}
          openId={forwardId ?? null}
          selected={selected}
          onSelect={setSelected}
          onRow={onRow}
          actions={actions}
        />
      )}
    </>
  )
}

function toggled(selected: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const next = new Set(selected)
  if (!next.delete(id)) next.add(id)
  return next
}
