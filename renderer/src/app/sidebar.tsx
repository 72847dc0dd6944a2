import { Link } from '@tanstack/react-router'
import { Activity, Cable, Keyboard, Server, Settings as Cog } from 'lucide-react'
import type { ReactNode } from 'react'
import { useForwards, useFresh } from '../state/use-app-state.ts'
import { pastWord } from '../pages/forwards/forward-words.ts'
import styles from './shell.module.css'

function Item({
  to,
  icon,
  words,
  count,
}: {
  to: '/clusters' | '/forwards' | '/diagnostics' | '/settings' | '/keys'
  icon: ReactNode
  words: string
  count?: ReactNode
}) {
  return (
    <li>
      <Link to={to} className={styles.navItem} activeProps={{ 'aria-current': 'page' }} title={words}>
        {icon}
        <span className={styles.navWords}>{words}</span>
        {count}
      </Link>
    </li>
  )
}

/** Pages, and beside Port-forwards how many wait for somebody. */
export function Sidebar() {
  const { items } = useForwards()
  const fresh = useFresh()
  const holding = [...items.values()].filter((forward) => forward.state === 'holding').length
  const holdingWords = fresh ? 'holding' : pastWord('holding', holding)
  return (
    <nav className={styles.sidebar} aria-label="Pages" data-region="nav">
      <ul>
        <Item to="/clusters" icon={<Server aria-hidden size={16} />} words="Clusters" />
        <Item
          to="/forwards"
          icon={<Cable aria-hidden size={16} />}
          words="Port-forwards"
          count={
            holding > 0 && (
              <span className={styles.navCount} data-past={!fresh || undefined} title={`${holding} ${holdingWords}`}>
                {holding}
                <span className="visually-hidden"> {holdingWords}</span>
              </span>
            )
          }
        />
      </ul>
      <ul className={styles.navLower}>
        <Item to="/diagnostics" icon={<Activity aria-hidden size={16} />} words="Diagnostics" />
        <Item to="/settings" icon={<Cog aria-hidden size={16} />} words="Settings" />
        <Item to="/keys" icon={<Keyboard aria-hidden size={16} />} words="Keys" />
      </ul>
    </nav>
  )
}
