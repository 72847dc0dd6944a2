import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'
import type { DefaultKubeconfig } from '../../../contract/kubeconfigs.ts'
import type { KubeconfigModel } from '../kubeconfig/kubeconfig-model.ts'
import { mergeKubeconfigs } from '../kubeconfig/merge-kubeconfigs.ts'
import { readSource } from '../kubeconfig/preview.ts'
import { fileRisk } from '../kubeconfig/risk-words.ts'
import type { FileSystem } from './file-system.ts'

export type DefaultFiles = { files: DefaultKubeconfig['files']; model: KubeconfigModel }

/**
 * The files kubectl reads by default, in its order: the list in KUBECONFIG, else `~/.kube/config`. Paths of the list that
 * are relative start from the home folder: an app has no working folder of the user's.
 */
export function defaultKubeconfigPaths(
  environment: Readonly<Record<string, string | undefined>>,
  os: NodeJS.Platform = process.platform,
): string[] {
  const path = os === 'win32' ? win32 : posix
  const home = environment['HOME'] ?? environment['USERPROFILE'] ?? homedir()
  const listed = (environment['KUBECONFIG'] ?? '').split(path.delimiter).filter((each) => each.trim() !== '')
  const paths = listed.length > 0 ? listed : [path.join(home, '.kube', 'config')]
  return [...new Set(paths.map((each) => path.resolve(home, each)))]
}

/** Reads and merges the default files as kubectl does; files that are not there are left out, as kubectl leaves them. */
export function readDefaultKubeconfig(paths: readonly string[], fileSystem: FileSystem): DefaultFiles {
  const files: DefaultFiles['files'] = []
  const models: { path: string; model: KubeconfigModel }[] = []
  for (const path of paths) {
    const model = readKubeconfigFile(path, fileSystem)
    if (model !== null) models.push({ path, model })
    const contexts = model?.documents.reduce((sum, document) => sum + document.contexts.length, 0) ?? 0
    files.push({ path, exists: model !== null, contexts })
  }
  return { files, model: models.length > 0 ? mergeKubeconfigs(models) : missing(paths) }
}

/** Null: there is no such file. One that cannot be read is a model that says so. */
export function readKubeconfigFile(path: string, fileSystem: FileSystem): KubeconfigModel | null {
  const read = fileSystem.readFile(path)
  if (read.ok) {
    const model = readSource({ bytes: read.value }, path)
    read.value.fill(0)
    return model
  }
  if (read.error === 'ENOENT' || read.error === 'ENOTDIR') return null
  const problem = {
    ...fileRisk('empty'),
    message: `The file ${path} cannot be read (${read.error}).`,
    next: 'Check that it is a file and that you may read it.',
  }
  return { documents: [], lookup: 'own-document', problems: [problem], error: 'empty' }
}

function missing(paths: readonly string[]): KubeconfigModel {
  const problem = {
    ...fileRisk('empty'),
    message: `There is no kubeconfig at ${paths.join(' or ')}.`,
    next: 'Paste a kubeconfig, or choose a file.',
  }
  return { documents: [], lookup: 'own-document', problems: [problem], error: 'empty' }
}
