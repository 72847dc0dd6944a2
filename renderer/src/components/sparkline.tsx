import { sparklinePath } from './sparkline-path.ts'
import styles from './sparkline.module.css'

/** A small picture of the last minute; the figure stands beside it as text. */
export function Sparkline({ values, slots }: { values: readonly number[]; slots: number }) {
  return (
    <svg aria-hidden className={styles.sparkline} viewBox="0 0 100 20" preserveAspectRatio="none">
      <path d={values.length < 2 ? 'M0 19L100 19' : sparklinePath(values, slots)} />
    </svg>
  )
}
