import { useEffect, useRef, useState } from 'react'
import type { Forward, OutputLine } from '../../../../contract/forwards.ts'
import { Button } from '../../components/button.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import detail from '../../components/detail.module.css'
import { timeOfDay } from '../../components/time-words.ts'
import { useClient } from '../../state/use-app-state.ts'
import { mergeLines } from './output-lines.ts'
import styles from './output-tab.module.css'

/** kubectl's lines and our notes between them, following the newest until somebody scrolls up. */
export function OutputTab({ forward }: { forward: Forward }) {
  const client = useClient()
  const [lines, setLines] = useState<readonly OutputLine[]>([])
  const [follow, setFollow] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  useEffect(
    () =>
      client.subscribe(`forward-output:${forward.id}`, ({ kind, data }) => {
        const fresh = data as OutputLine[]
        setLines((old) => mergeLines(kind === 'snapshot' ? [] : old, fresh))
      }),
    [client, forward.id],
  )
  useEffect(() => {
    if (follow && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [lines, follow])
  const now = lines.at(-1)?.at ?? 0
  const text = lines.map((line) => `${new Date(line.at).toISOString()} ${line.stream} ${line.text}`).join('\n')
  if (lines.length === 0)
    return (
      <p className={detail.muted}>{forward.desired === 'on' ? 'kubectl has not said anything yet.' : 'It is off.'}</p>
    )
  return (
    <div className={styles.output}>
      <div className={detail.row}>
        <Button aria-pressed={follow} onClick={() => setFollow(!follow)}>
          {follow ? 'Following' : 'Follow'}
        </Button>
        <CopyButton text={text} label="Copy output" />
      </div>
      <div
        ref={box}
        className={styles.lines}
        role="log"
        aria-label={`Output of ${forward.name}`}
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) =>
          setFollow(scrollHeight - scrollTop - clientHeight < 24)
        }
      >
        {lines.map((line) => (
          <div key={line.seq} className={classNames(styles.line, styles[line.stream])}>
            <time dateTime={new Date(line.at).toISOString()}>{timeOfDay(line.at, now)}</time>
            <span>
              {line.stream === 'stderr' && <span className="visually-hidden">error output: </span>}
              {line.text}
            </span>
          </div>
        ))}
      </div>
    </div>
  )
}
