import { CircleX, Info, OctagonAlert, TriangleAlert } from 'lucide-react'
import type { Risk } from '../../../../contract/kubeconfigs.ts'
import { classNames } from '../../components/class-names.ts'
import styles from './risk-list.module.css'

const looks = {
  info: { Icon: Info, word: 'Note' },
  warning: { Icon: TriangleAlert, word: 'Warning' },
  danger: { Icon: OctagonAlert, word: 'Danger' },
  error: { Icon: CircleX, word: 'Cannot be used' },
} as const

const order = ['error', 'danger', 'warning', 'info']

/** What a kubeconfig or context risks, in words, the worst first. */
export function RiskList({ risks }: { risks: readonly Risk[] }) {
  if (risks.length === 0) return null
  const sorted = [...risks].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
  return (
    <ul className={styles.risks}>
      {sorted.map((risk, index) => {
        const { Icon, word } = looks[risk.severity]
        return (
          <li key={`${risk.code} ${index}`} className={classNames(styles.risk, styles[risk.severity])}>
            <Icon aria-hidden size={14} />
            <p>
              <span className="visually-hidden">{word}: </span>
              <strong>{risk.message}</strong> {risk.next}
              {risk.line !== undefined && (
                <span className={styles.place}>
                  {' '}
                  Line {risk.line}
                  {risk.column !== undefined && `, column ${risk.column}`}.
                </span>
              )}
            </p>
          </li>
        )
      })}
    </ul>
  )
}
