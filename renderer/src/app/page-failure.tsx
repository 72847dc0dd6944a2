import { useEffect, useState } from 'react'
import { Button } from '../components/button.tsx'
import { Problem } from '../components/problem.tsx'
import { errorOf } from '../state/ask.ts'
import styles from './page-failure.module.css'

/**
 * Parts of the page are fetched when they are first shown. A browser drops such a request when a network comes or goes
 * (a VPN, a container's), even one to this machine, and never repeats it.
 */
const isMissingPart = (error: unknown): boolean =>
  error instanceof Error && /^Unable to preload CSS|dynamically imported module/.test(error.message)

/** Loading again did not help so soon (ms) after it was done. */
const tooSoon = 10_000
const wasLoadedAgain = (): boolean =>
  performance.now() < tooSoon &&
  performance.getEntriesByType('navigation').some((entry) => (entry as PerformanceNavigationTiming).type === 'reload')

/** How often somebody is asked for while nobody answers, ms. */
const askEveryMs = 1_000

const nobodyAnswers = {
  code: 'owner-lost',
  message: 'A part of this page could not be loaded: Mooring does not answer.',
  next: 'It is loaded as soon as Mooring answers. If Mooring was started again, use the page it opened, or open the address it printed.',
} as const

/**
 * Loads the page again as soon as somebody answers. Before that the browser would put a page of its own in the place of
 * this one, and try nothing again.
 */
function LoadAgain() {
  const [isLate, setLate] = useState(false)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    // An owner that stands still takes the question and says nothing.
    const late = setTimeout(() => setLate(true), askEveryMs)
    const left = new AbortController()
    const ask = (): void => {
      fetch('/', { cache: 'no-store', signal: left.signal }).then(
        () => location.reload(),
        () => {
          if (left.signal.aborted) return
          setLate(true)
          timer = setTimeout(ask, askEveryMs)
        },
      )
    }
    ask()
    return () => {
      left.abort()
      clearTimeout(late)
      clearTimeout(timer)
    }
  }, [])
  return isLate && <Problem error={nobodyAnswers} />
}

/** A bug in one page: the rest of the window goes on. A page whose parts did not come is loaded again, once. */
export function PageFailure({ error, reset }: { error: unknown; reset: () => void }) {
  const [again] = useState(() => isMissingPart(error) && !wasLoadedAgain())
  return (
    <div className={styles.failure}>
      {again ? (
        <LoadAgain />
      ) : (
        <Problem error={errorOf(error)}>
          <Button onClick={reset}>Try again</Button>
          <Button onClick={() => location.reload()}>Reload</Button>
        </Problem>
      )}
    </div>
  )
}
