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

/** A bug in one page: the rest of the window goes on. A page whose parts did not come is loaded again, once. */
export function PageFailure({ error, reset }: { error: unknown; reset: () => void }) {
  const [again] = useState(() => isMissingPart(error) && !wasLoadedAgain())
  useEffect(() => {
    if (again) location.reload()
  }, [again])
  if (again) return null
  return (
    <div className={styles.failure}>
      <Problem error={errorOf(error)}>
        <Button onClick={reset}>Try again</Button>
        <Button onClick={() => location.reload()}>Reload</Button>
      </Problem>
    </div>
  )
}
