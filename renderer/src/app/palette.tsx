import { Autocomplete } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import floating from '../components/floating.module.css'
import { Keys } from '../components/keys.tsx'
import { forwardCommands } from '../pages/forwards/forward-commands.ts'
import { stateWord } from '../pages/forwards/forward-words.ts'
import { useForwardActions } from '../pages/forwards/use-forward-actions.ts'
import { useActiveCluster } from '../state/active-cluster.ts'
import { useForwards, useFresh, useOrderedClusters } from '../state/use-app-state.ts'
import { type CommandContext, commands } from './commands.ts'
import styles from './palette.module.css'
import { ui } from './ui-store.ts'

type Entry = { id: string; words: string; aside?: string; keys?: string | undefined; run: () => void }
type Group = { value: string; items: Entry[] }

/** Everything that can be found or done, by typing. */
export function Palette({ context }: { context: CommandContext }) {
  const [text, setText] = useState('')
  const groups = useGroups(context, text)
  const close = () => ui.setState({ open: null })
  return (
    <Dialog.Root
      open
      onOpenChange={(open) => {
        if (!open) close()
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className={floating.backdrop} />
        <Dialog.Popup className={styles.palette} aria-label="Search or run a command">
          <Autocomplete.Root<Group>
            items={groups}
            inline
            open
            autoHighlight="always"
            keepHighlight
            filter={null}
            limit={4 * most}
            value={text}
            onValueChange={setText}
            itemToStringValue={(item: unknown) => {
              const { words, aside } = item as Entry
              return `${words} ${aside ?? ''}`
            }}
          >
            <Autocomplete.Input
              className={styles.input}
              placeholder="Search or run a command"
              aria-label="Search or run a command"
            />
            <Autocomplete.Empty className={styles.nothing}>Nothing is called “{text}”.</Autocomplete.Empty>
            <Autocomplete.List className={styles.list} aria-label="Found">
              {(group: Group) => (
                <Autocomplete.Group key={group.value} items={group.items}>
                  <Autocomplete.GroupLabel className={floating.groupLabel}>{group.value}</Autocomplete.GroupLabel>
                  <Autocomplete.Collection>
                    {(entry: Entry) => (
                      <Autocomplete.Item
                        key={entry.id}
                        value={entry}
                        className={floating.item}
                        onClick={() => {
                          close()
                          entry.run()
                        }}
                      >
                        <span className={floating.itemText}>{entry.words}</span>
                        {entry.aside !== undefined && <span className={floating.itemAside}>{entry.aside}</span>}
                        {entry.keys !== undefined && <Keys keys={entry.keys} />}
                      </Autocomplete.Item>
                    )}
                  </Autocomplete.Collection>
                </Autocomplete.Group>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** Entries shown of one kind: more are found by typing more. */
const most = 20

/**
 * What matches every word that is typed. Entries are made while they are looked for and no more than can be shown, so
 * that ten thousand forwards with four actions each cost nothing.
 */
function useGroups(context: CommandContext, text: string): Group[] {
  const navigate = useNavigate()
  const clusters = useOrderedClusters()
  const { items } = useForwards()
  const fresh = useFresh()
  const actions = useForwardActions()
  const { choose } = useActiveCluster()
  return useMemo(() => {
    const names = new Map(clusters.map(({ id, name }) => [id, name]))
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const take = (value: string, entries: Iterable<Entry>): Group => {
      const found: Entry[] = []
      for (const entry of entries) {
        const searched = `${entry.words} ${entry.aside ?? ''}`.toLowerCase()
        if (words.every((word) => searched.includes(word))) found.push(entry)
        if (found.length === most) break
      }
      return { value, items: found }
    }
    function* forwardEntries(): Iterable<Entry> {
      for (const forward of items.values())
        yield {
          id: `forward:${forward.id}`,
          words: forward.name,
          aside: `${stateWord(forward, fresh)} · ${names.get(forward.clusterId) ?? ''}`,
          run: () => void navigate({ to: '/forwards/$forwardId', params: { forwardId: forward.id } }),
        }
    }
    function* clusterEntries(): Iterable<Entry> {
      for (const cluster of clusters) {
        yield {
          id: `cluster:${cluster.id}`,
          words: cluster.name,
          aside: cluster.environment ?? '',
          run: () => void navigate({ to: '/clusters/$clusterId', params: { clusterId: cluster.id } }),
        }
        yield {
          id: `switch:${cluster.id}`,
          words: `Make ${cluster.name} the active cluster`,
          run: () => void choose(cluster.id),
        }
      }
    }
    function* actionEntries(): Iterable<Entry> {
      for (const forward of items.values())
        for (const command of forwardCommands)
          if (command.inPalette && command.when(forward))
            yield {
              id: `${command.id}:${forward.id}`,
              words: `${command.words(forward)} ${forward.name}`,
              aside: names.get(forward.clusterId) ?? '',
              run: () => command.run(forward, actions),
            }
    }
    const own = commands
      .filter(({ id, when }) => id !== 'palette' && when?.(context) !== false)
      .map(({ id, words: name, keys, run }) => ({ id, words: name, keys: keys[0], run: () => run(context) }))
    return [
      take('Commands', own),
      take('Forwards', forwardEntries()),
      take('Clusters', clusterEntries()),
      take('Actions on forwards', actionEntries()),
    ].filter((group) => group.items.length > 0)
  }, [clusters, items, fresh, actions, choose, navigate, context, text])
}
