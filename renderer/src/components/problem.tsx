import type { ReactNode } from 'react'
import type { AppError } from '../../../contract/errors.ts'
import { CopyButton } from './copy-button.tsx'
import styles from './problem.module.css'
import { StateMark } from './state-mark.tsx'
import { Words } from './words.tsx'

/** A failure in place: what failed, why, what to do; the details are folded. */
export function Problem({ error, children }: { error: AppError; children?: ReactNode }) {
  const details = [`code: ${error.code}`, error.cause === undefined ? null : `cause: ${error.cause}`]
    .concat(error.details === undefined ? [] : [JSON.stringify(error.details, null, 2)])
    .filter((line) => line !== null)
    .join('\n')
  return (
    <div role="alert" className={styles.problem}>
      <StateMark name="fail" size={14} />
      <div className={styles.words}>
        <p className={styles.message}>
          <Words>{error.message}</Words>
        </p>
        {error.cause !== undefined && (
          <p>
            <Words>{error.cause}</Words>
          </p>
        )}
        <p className={styles.next}>{error.next}</p>
        {children !== undefined && <div className={styles.actions}>{children}</div>}
        <details className={styles.details}>
          <summary>Details</summary>
          <pre>{details}</pre>
          <CopyButton text={`${error.message}\n${details}\n${error.next}`} label="Copy details" />
        </details>
      </div>
    </div>
  )
}
