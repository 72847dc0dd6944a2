import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

type Packages = Record<string, string>
type Manifest = { dependencies: Packages; optionalDependencies: Packages; devDependencies: Packages }
type Lock = {
  packages: Record<string, { resolved?: string; integrity?: string; optionalDependencies?: Packages; link?: boolean }>
}
const manifest = JSON.parse(read('package.json')) as Manifest
const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }
const { packages } = JSON.parse(read('package-lock.json')) as Lock

test('every dependency is pinned to one version', () => {
  for (const [name, version] of Object.entries(wanted)) expect(version, name).toMatch(/^(npm:.+@)?\d+\.\d+\.\d+$/)
})

test('every dependency stands in docs/dependencies.md once, with its version and a reason, and nothing else does', () => {
  const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` *\| ([^ |]+) *\| *([^|]*?) *\|$/gm)]
  const listed = rows.map(([, name, version]) => `${name ?? ''} ${version ?? ''}`).sort()
  const expected = Object.entries(wanted).map(([name, version]) => `${name} ${version.replace(/^npm:.+@/, '')}`)
  expect(listed).toEqual(expected.sort())
  for (const [, name, , reason] of rows) expect(reason, name).not.toBe('')
})

/** Whether `name` is found from the package at `place`, as Node looks for it: in its own folder, then upwards. */
function isLocked(place: string, name: string): boolean {
  for (let folder = place; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in packages) return true
    if (folder === '') return false
  }
}

test("the lock file holds every platform's packages, so that a fresh clone can be installed anywhere", () => {
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter((name) => !isLocked(place, name))
      .map((name) => `${name}, wanted by ${place}`),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry, and a checksum for every package', () => {
  const installed = Object.entries(packages).filter(([place]) => place !== '')
  expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([])
  expect(installed.filter(([, { integrity }]) => integrity === undefined).map(([place]) => place)).toEqual([])
})
