import { Button } from '../components/button.tsx'
import { Problem } from '../components/problem.tsx'
import { errorOf } from '../state/ask.ts'
import styles from './page-failure.module.css'

/** A bug in one page: the rest of the window goes on. */
export function PageFailure({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <div className={styles.failure}>
      <Problem error={errorOf(error)}>
        <Button onClick={reset}>Try again</Button>
        <Button onClick={() => location.reload()}>Reload</Button>
      </Problem>
    </div>
  )
}
