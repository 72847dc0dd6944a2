import styles from './middle-cut.module.css'
import { partsOf } from './name-parts.ts'

/**
 * A name on one line that loses its middle where it does not fit: names that tools make
 * (`arn:aws:eks:…:cluster/shop`) begin alike and differ at their end. Read aloud, it is one name.
 */
export function MiddleCut({ text }: { text: string }) {
  const { head, tail } = partsOf(text)
  if (tail === '') return text
  return (
    <span className={styles.name}>
      <span className="visually-hidden">{text}</span>
      <span aria-hidden className={styles.head}>
        {head}
      </span>
      <span aria-hidden className={styles.tail}>
        {tail}
      </span>
    </span>
  )
}
