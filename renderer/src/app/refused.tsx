import type { AppError } from '../../../contract/errors.ts'
import { Button } from '../components/button.tsx'
import { BrandMark } from './brand.tsx'
import styles from './refused.module.css'

/** The page was opened without a valid token or cookie: says what was wrong, and where to get the address. */
export function Refused({ error }: { error: AppError }) {
  return (
    <main className={styles.refused}>
      <BrandMark size={32} />
      <h1>This page is not signed in</h1>
      <p>{error.message}</p>
      {error.cause !== undefined && <p>{error.cause}</p>}
      <p>
        <strong>{error.next}</strong>
      </p>
      <p>
        The address ends in <code>#token=…</code> and changes with every start of Mooring.
      </p>
      <p>
        <Button onClick={() => location.reload()}>Try again</Button>
      </p>
    </main>
  )
}
