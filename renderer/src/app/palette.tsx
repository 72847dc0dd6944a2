import { Autocomplete } from '@base-ui/react/autocomplete'
import { Dialog } from '@base-ui/react/dialog'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
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
  const groups = useGroups(context)
  const [text, setText] = useState('')
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
            limit={50}
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
            {/* prettier-ignore */}
            <Autocomplete.Empty className={styles.nothing}>Nothing is called “{text}”.</Autocomplete.Empty>
            <Autocomplete.List className={styles.list}>
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

function useGroups(context: CommandContext): Group[] {
  const navigate = useNavigate()
  const clusters = useOrderedClusters()
  const forwards = [...useForwards().items.values()]
  const fresh = useFresh()
  const actions = useForwardActions()
  const { choose } = useActiveCluster()
  const clusterName = (id: string): string => clusters.find((cluster) => cluster.id === id)?.name ?? ''
  const groups: Group[] = [
    {
      value: 'Commands',
      items: commands
        .filter(({ id, when }) => id !== 'palette' && when?.(context) !== false)
        .map(({ id, words, keys, run }) => ({ id, words, keys: keys[0], run: () => run(context) })),
    },
    {
      value: 'Forwards',
      items: forwards.map((forward) => ({
        id: `forward:${forward.id}`,
        words: forward.name,
        aside: `${stateWord(forward, fresh)} · ${clusterName(forward.clusterId)}`,
        run: () => void navigate({ to: '/forwards/$forwardId', params: { forwardId: forward.id } }),
      })),
    },
    {
      value: 'Clusters',
      items: clusters.flatMap((cluster) => [
        {
          id: `cluster:${cluster.id}`,
          words: cluster.name,
          aside: cluster.environment ?? '',
          run: () => void navigate({ to: '/clusters/$clusterId', params: { clusterId: cluster.id } }),
        },
        {
          id: `switch:${cluster.id}`,
          words: `Make ${cluster.name} the active cluster`,
          run: () => void choose(cluster.id),
        },
      ]),
    },
    {
      value: 'Actions on forwards',
      items: forwards.flatMap((forward) =>
        forwardCommands
          .filter((command) => command.inPalette && command.when(forward))
          .map((command) => ({
            id: `${command.id}:${forward.id}`,
            words: `${command.words(forward)} ${forward.name}`,
            aside: clusterName(forward.clusterId),
            run: () => command.run(forward, actions),
          })),
      ),
    },
  ]
  return groups.filter((group) => group.items.length > 0)
}
