import type { ReactNode } from 'react'
import styles from './page.module.css'

/** Title and controls above a page's content. */
export function Toolbar({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.toolbar}>
      <div className={styles.bar}>
        <h1 className={styles.title}>{title}</h1>
        {children}
      </div>
    </div>
  )
}

export const Spacer = () => <span className={styles.spacer} />

/** A page of sections to read or fill in. */
export function Sheet({ label, children }: { label?: string; children: ReactNode }) {
  // Without anything to focus inside, the sheet itself takes the focus, so that keys can scroll it.
  const scrollable = label === undefined ? {} : { role: 'group', 'aria-label': label, tabIndex: 0 }
  return (
    <div className={styles.sheet} {...scrollable}>
      {children}
    </div>
  )
}

/** A part of a sheet: its heading at the left where there is room, its content at the right. */
export function Section({ title, note, children }: { title: string; note?: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section}>
      <div>
        <h2>{title}</h2>
        {note !== undefined && <p className={styles.note}>{note}</p>}
      </div>
      <div className={styles.content}>{children}</div>
    </section>
  )
}

/** Names with their values, in two columns. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode] | null)[] }) {
  return (
    <dl className={styles.facts}>
      {facts
        .filter((fact) => fact !== null)
        .map(([name, value]) => (
          <div key={name} className={styles.fact}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}
