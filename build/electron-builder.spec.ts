import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(import.meta.dirname, '..')

// The scheme and its validator are packages of the packager, not of ours: found from where it lies.
const fromPackager = createRequire(createRequire(import.meta.url).resolve('electron-builder'))
const fromLibrary = createRequire(fromPackager.resolve('app-builder-lib'))
type Validate = ((value: unknown) => boolean) & { errors?: { instancePath: string; message?: string }[] | null }
const { default: Ajv } = fromLibrary('ajv') as {
  default: new (options: object) => { compile(schema: unknown): Validate }
}
const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(
  fromPackager('app-builder-lib/scheme.json'),
)

type Configuration = {
  files: string[]
  asarUnpack: string[]
  extraMetadata: { main: string }
  directories: { buildResources: string }
  electronFuses: Record<string, boolean>
}
const configuration = parse(readFileSync(join(root, 'build/electron-builder.yml'), 'utf8')) as Configuration

/** What is wrong with a configuration, in the packager's own words. */
function problems(value: unknown): string[] {
  if (validate(value)) return []
  return (validate.errors ?? []).map((error) => `${error.instancePath}: ${error.message ?? ''}`)
}

test('the packaging configuration is what the packager accepts', () => {
  expect(problems(configuration)).toEqual([])
})

test('the packager would refuse an unknown field and a wrong type', () => {
  expect(problems({ ...configuration, electronFuse: {} })).not.toEqual([])
  expect(problems({ ...configuration, asar: 'yes' })).not.toEqual([])
})

test('every door that a release must not have is shut', () => {
  expect(configuration.electronFuses).toEqual({
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  })
})

test('the package starts with what the project starts with, and its icon is there', () => {
  const { main } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { main: string }
  expect(configuration.extraMetadata.main).toBe(main)
  expect(existsSync(join(root, configuration.directories.buildResources, 'icon.png'))).toBe(true)
})

test('what another process opens lies outside the archive: the sidecar, its chunks and native code', () => {
  expect(configuration.asarUnpack).toEqual(expect.arrayContaining(['dist/sidecar.mjs', 'dist/chunks/**', '**/*.node']))
})
