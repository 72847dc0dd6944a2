import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { mustRun, runCommand } from './run-command.ts'

/** Where the test bed keeps what it has built, outside the work tree. `MOORING_TESTBED_CACHE` moves it. */
export const CACHE_FOLDER =
  process.env['MOORING_TESTBED_CACHE'] ??
  path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'mooring-testbed')

/** The Kubernetes version the recipes build; the version stamp of every component. */
export const KUBERNETES_VERSION = 'v1.36.3'

type Recipe = {
  /** Folder with go.mod, relative to this one. */
  folder: string
  packages: readonly string[]
  /** Linker flags beside `-s -w`. */
  stamps?: readonly string[]
  /** More files to make in the folder of the result. */
  also?: (recipeFolder: string, target: string) => Promise<void>
}

const versionPackage = 'k8s.io/component-base/version'
const RECIPES = {
  etcd: { folder: 'recipes/etcd', packages: ['go.etcd.io/etcd/server/v3'], also: nameEtcd },
  kubernetes: {
    folder: 'recipes/kubernetes',
    packages: ['kube-apiserver', 'kubectl', 'kube-controller-manager', 'kubelet', 'kube-scheduler'].map(
      (name) => `k8s.io/kubernetes/cmd/${name}`,
    ),
    // Without the stamps the server calls itself v0.0.0-master.
    stamps: [
      `${versionPackage}.gitVersion=${KUBERNETES_VERSION}`,
      `${versionPackage}.gitMajor=1`,
      `${versionPackage}.gitMinor=36`,
      `${versionPackage}.gitTreeState=clean`,
      `k8s.io/client-go/pkg/version.gitVersion=${KUBERNETES_VERSION}`,
    ],
  },
  containerd: {
    folder: 'recipes/containerd',
    packages: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(
      (name) => `github.com/containerd/containerd/v2/cmd/${name}`,
    ),
  },
  kwok: { folder: 'recipes/kwok', packages: ['sigs.k8s.io/kwok/cmd/kwok'], also: joinKwokStages },
  workload: { folder: 'workload', packages: ['.'] },
  certificates: { folder: 'certificates', packages: ['.'] },
} satisfies Record<string, Recipe>

export type RecipeName = keyof typeof RECIPES

/** Every recipe. */
export const ALL_RECIPES = Object.keys(RECIPES) as RecipeName[]

/** The folder of each built recipe: `kubernetes` holds kubectl, `kwok` stages.yaml; empty for one that was not asked for. */
export type BuiltFolders = Record<RecipeName, string>

/** `go build` names the program after the last part of the module path, which is `v3`'s parent: `server`. */
async function nameEtcd(_recipeFolder: string, target: string): Promise<void> {
  await fs.rename(path.join(target, 'server'), path.join(target, 'etcd'))
}

/** kwok has no stage built in; without these files its nodes stay Unknown, and pods can never be deleted. */
async function joinKwokStages(recipeFolder: string, target: string): Promise<void> {
  const module = (
    await mustRun('go', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok'], { cwd: recipeFolder })
  ).trim()
  const names = [
    'stage/node/fast/node-initialize.yaml',
    'stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
    'stage/pod/fast/pod-ready.yaml',
    'stage/pod/fast/pod-complete.yaml',
    'stage/pod/fast/pod-delete.yaml',
    'metrics/resource/metrics-resource.yaml',
    'metrics/usage/usage-from-annotation.yaml',
  ]
  const parts = await Promise.all(names.map((name) => fs.readFile(path.join(module, 'kustomize', name), 'utf8')))
  await fs.writeFile(path.join(target, 'stages.yaml'), parts.join('\n---\n'))
}

async function goVersion(): Promise<string> {
  const result = await runCommand('go', ['env', 'GOVERSION']).catch(() => null)
  if (result?.code !== 0) throw new Error('the test bed builds its clusters itself and needs Go 1.26 or later (go.dev)')
  return result.stdout.trim()
}

async function recipeKey(recipe: Recipe, version: string): Promise<string> {
  const folder = path.join(import.meta.dirname, recipe.folder)
  const hash = createHash('sha256')
  hash.update(JSON.stringify([version, process.arch, recipe.packages, recipe.stamps ?? []]))
  for (const name of (await fs.readdir(folder)).sort()) {
    hash.update(name)
    hash.update(await fs.readFile(path.join(folder, name)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** True if the path is there. */
export async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  )
}

/**
 * Makes `target` once: `make` fills a temporary folder beside it, which is then renamed, so that a half-made result is
 * never seen. Two test beds do not build at once: the system frees the lock when its holder dies.
 */
export async function makeOnce(target: string, make: (folder: string) => Promise<void>): Promise<string> {
  if (await exists(target)) return target
  await fs.mkdir(path.dirname(target), { recursive: true })
  const holder = spawn('flock', [path.join(CACHE_FOLDER, 'lock'), 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await once(holder.stdout, 'data')
    if (await exists(target)) return target
    const temporary = await fs.mkdtemp(`${target}.tmp-`)
    try {
      await fs.chmod(temporary, 0o755)
      await make(temporary)
      await fs.rename(temporary, target)
    } finally {
      await fs.rm(temporary, { recursive: true, force: true })
    }
    return target
  } finally {
    holder.stdin.end()
  }
}

async function build(name: RecipeName, version: string): Promise<string> {
  const recipe: Recipe = RECIPES[name]
  const folder = path.join(import.meta.dirname, recipe.folder)
  const target = path.join(CACHE_FOLDER, `${name}-${await recipeKey(recipe, version)}`)
  return makeOnce(target, async (temporary) => {
    console.error(`test bed: building ${name} (once; kept in ${CACHE_FOLDER})`)
    const flags = ['-s', '-w', ...(recipe.stamps ?? []).map((stamp) => `-X ${stamp}`)].join(' ')
    await mustRun(
      'go',
      ['build', '-mod=readonly', '-trimpath', '-ldflags', flags, '-o', `${temporary}/`, ...recipe.packages],
      {
        cwd: folder,
        env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
        timeoutMs: 30 * 60_000,
      },
    )
    await recipe.also?.(folder, temporary)
  })
}

/** Builds whatever is missing, one after the other; about seven minutes on two cores the first time, then under 50 ms. */
export async function buildAll(names: readonly RecipeName[]): Promise<BuiltFolders> {
  await fs.mkdir(CACHE_FOLDER, { recursive: true })
  const version = await goVersion()
  const folders = Object.fromEntries(ALL_RECIPES.map((name) => [name, ''])) as BuiltFolders
  for (const name of names) folders[name] = await build(name, version)
  return folders
}
