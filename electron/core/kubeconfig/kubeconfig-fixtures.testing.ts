import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What must be said about one published kubeconfig: fields as described beside the fixtures. */
export type KubeconfigFixture = {
  file: string
  contexts: string[]
  clusters: string[]
  users: string[]
  authKinds: string[]
  currentContext: string | null
  expect: 'ok' | 'ok-with-warnings' | 'error'
  error?: string
  alsoAccept?: string[]
  warnings: string[]
  mayWarn?: string[]
  details?: {
    context: string
    server?: string
    namespace?: string
    authKind: string[]
    problems: string[]
    addable: boolean
  }[]
}

const folder = join(import.meta.dirname, '../../../../shared/fixtures/kubeconfigs')

/** The published kubeconfigs and what must be said about them; null where they are not at hand. */
export function kubeconfigFixtures(): KubeconfigFixture[] | null {
  const index = join(folder, 'index.json')
  return existsSync(index) ? (JSON.parse(readFileSync(index, 'utf8')) as KubeconfigFixture[]) : null
}

export const fixtureBytes = (file: string): Buffer => readFileSync(join(folder, file))
