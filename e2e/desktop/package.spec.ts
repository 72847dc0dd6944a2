import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses'
import { build, Platform, type Configuration } from 'electron-builder'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { desktopRuntime } from './runtime.ts'

const root = join(import.meta.dirname, '..', '..')
const runtimeVersion = '22.3.25'

const runtime = await desktopRuntime().catch((error: unknown) => {
  process.stderr.write(`the package cannot be made here: ${String(error)}\n`)
  return null
})

const fromPackager = createRequire(createRequire(import.meta.url).resolve('electron-builder'))
const archiveReader = createRequire(fromPackager.resolve('app-builder-lib'))('@electron/asar') as {
  listPackage(archive: string, options: { isPack: boolean }): string[]
}

/** What @electron/fuses reads for a door that is shut or open: the characters 0 and 1. */
const [shut, open] = ['0'.charCodeAt(0), '1'.charCodeAt(0)]

const configurationOf = (): Configuration =>
  parse(readFileSync(join(root, 'build/electron-builder.yml'), 'utf8')) as Configuration

test('the Electron that is shipped is one exact version', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  expect(devDependencies.electron).toMatch(/^\d+\.\d+\.\d+$/)
})

test('pages of files get no more rights than others: the door that the runtime below does not have yet', () => {
  expect(configurationOf().electronFuses?.grantFileProtocolExtraPrivileges).toBe(false)
})

describe.skipIf(runtime === null || process.platform !== 'linux')('a package of the desktop app', () => {
  let output: string
  let folder: string
  beforeAll(async () => {
    output = await mkdtemp(join(tmpdir(), 'mooring-package-'))
    folder = join(output, 'linux-unpacked')
    const configuration = configurationOf()
    const { grantFileProtocolExtraPrivileges: _newerThanThisRuntime, ...fuses } = configuration.electronFuses ?? {}
    await build({
      projectDir: root,
      targets: Platform.LINUX.createTarget('dir'),
      publish: 'never',
      config: {
        ...configuration,
        electronFuses: fuses,
        electronDist: runtime,
        electronVersion: runtimeVersion,
        directories: { ...configuration.directories, output },
      },
    })
  })
  afterAll(() => rm(output, { recursive: true, force: true }))

  test('has its own executable', async () => {
    expect((await stat(join(folder, 'mooring'))).mode & 0o111).not.toBe(0)
  })

  test('shuts every door of Electron that a release must not have', async () => {
    const wire = await getCurrentFuseWire(join(folder, 'mooring'))
    expect(wire.version).toBe(FuseVersion.V1)
    expect({
      runAsNode: wire[FuseV1Options.RunAsNode],
      nodeOptions: wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable],
      inspect: wire[FuseV1Options.EnableNodeCliInspectArguments],
      cookieEncryption: wire[FuseV1Options.EnableCookieEncryption],
      archiveIntegrity: wire[FuseV1Options.EnableEmbeddedAsarIntegrityValidation],
      onlyFromArchive: wire[FuseV1Options.OnlyLoadAppFromAsar],
    }).toEqual({
      runAsNode: shut,
      nodeOptions: shut,
      inspect: shut,
      cookieEncryption: open,
      archiveIntegrity: open,
      onlyFromArchive: open,
    })
  })

  test('does not run as plain Node when it is asked to', async () => {
    const script = 'process.stdout.write("ran as node")'
    const ran = await promisify(execFile)(join(folder, 'mooring'), ['-e', script], {
      env: { PATH: process.env.PATH ?? '', ELECTRON_RUN_AS_NODE: '1' },
      timeout: 10_000,
    }).catch((error: unknown) => error as { stdout: string })
    expect(ran.stdout).not.toContain('ran as node')
  })

  test('holds the built programs, pages and migrations, and of packages only those with native code', () => {
    const files = archiveReader.listPackage(join(folder, 'resources', 'app.asar'), { isPack: false })
    for (const file of ['main.mjs', 'preload.cjs', 'sidecar.mjs', 'renderer/index.html', 'migrations/0010_base.sql'])
      expect(files).toContain(`/dist/${file}`)
    const packages = new Set(files.map((file) => /^\/node_modules\/([^/]+)$/.exec(file)?.[1]).filter(Boolean))
    expect([...packages].sort()).toEqual(['@napi-rs', 'better-sqlite3', 'keytar'])
  })

  test('has native code and the sidecar as files of their own, for this machine only', async () => {
    const unpacked = join(folder, 'resources', 'app.asar.unpacked')
    expect(existsSync(join(unpacked, 'dist', 'sidecar.mjs'))).toBe(true)
    const prebuilt = await readdir(join(unpacked, 'node_modules', 'better-sqlite3', 'prebuilds'))
    expect(prebuilt).toEqual([`${process.platform}-${process.arch}.node`])
  })
})
