import type { Cluster } from '../../../contract/clusters.ts'
import { classNames } from './class-names.ts'
import styles from './environment.module.css'

const usual: Readonly<Record<string, { word: string; colour: Cluster['colour'] }>> = {
  production: { word: 'PROD', colour: 'red' },
  staging: { word: 'STAGING', colour: 'amber' },
  development: { word: 'DEV', colour: 'teal' },
}

/** Environments offered by name; the user may write any other. */
export const usualEnvironments = Object.keys(usual)

/** The short word of an environment. */
export const environmentWord = (environment: string): string => usual[environment]?.word ?? environment

/** Acting on it asks first, and names it. */
export const isProduction = (cluster: Pick<Cluster, 'environment'> | undefined): boolean =>
  /^prod(uction)?$/i.test(cluster?.environment ?? '')

/** The colour of a cluster: its own, else that of its environment. */
export const clusterColour = (cluster: Pick<Cluster, 'colour' | 'environment'>): Cluster['colour'] =>
  cluster.colour !== 'none' ? cluster.colour : (usual[cluster.environment ?? '']?.colour ?? 'none')

/** Class that sets `--mark` to a cluster's colour. */
export const markClass = (colour: Cluster['colour']): string => classNames(styles.mark, styles[colour])

/** The environment's word in its colour. */
export function EnvironmentWord({ cluster }: { cluster: Pick<Cluster, 'colour' | 'environment'> }) {
  if (cluster.environment === null) return null
  return (
    <span className={classNames(styles.word, markClass(clusterColour(cluster)))}>
      {environmentWord(cluster.environment)}
    </span>
  )
}
