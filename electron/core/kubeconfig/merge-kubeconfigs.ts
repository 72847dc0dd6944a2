import type { Risk } from '../../../contract/kubeconfigs.ts'
import type { KubeconfigDocument, KubeconfigModel } from './kubeconfig-model.ts'

/**
 * Joins several files as kubectl does for a KUBECONFIG list: the first of each name wins, relative paths belong to the
 * file they stand in. A file that cannot be used is named and left out.
 */
export function mergeKubeconfigs(files: readonly { path: string; model: KubeconfigModel }[]): KubeconfigModel {
  const problems: Risk[] = files.flatMap(({ path, model }) =>
    files.length === 1
      ? model.problems
      : model.problems.map((problem) => ({ ...problem, message: `${path}: ${problem.message}` })),
  )
  const usable = files.filter(({ model }) => model.error === null)
  const seen = new Set<string>()
  const documents: KubeconfigDocument[] = usable
    .flatMap(({ model }) => model.documents)
    .map((document) => ({
      ...document,
      contexts: document.contexts.filter(({ name }) => {
        if (seen.has(name)) return false
        seen.add(name)
        return true
      }),
    }))
  const error = usable.length > 0 ? null : (files.find(({ model }) => model.error !== null)?.model.error ?? 'empty')
  return { documents, lookup: 'first-wins', problems, error }
}
