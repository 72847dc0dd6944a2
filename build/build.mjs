// Builds every output into dist/: main, serve, cli (ESM for Node 24), preload (one CommonJS file), sidecar, renderer.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { root } from './node.mjs'
import { rendererConfig } from './vite.renderer.config.ts'

const dist = join(root, 'dist')
// Native packages, and those that find files of their own beside themselves.
const external = ['electron', 'better-sqlite3', 'keytar', /^keytar\//, /^@napi-rs\//]

/** @returns {import('vite').InlineConfig} */
const node = (entries, options = {}) => ({
  configFile: false,
  root,
  logLevel: 'warn',
  publicDir: false,
  ssr: { noExternal: true, external: external.filter((name) => typeof name === 'string') },
  build: {
    ssr: true,
    target: 'node24',
    outDir: dist,
    emptyOutDir: false,
    minify: false,
    sourcemap: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: entries,
      external,
      output: {
        format: 'es',
        entryFileNames: '[name].mjs',
        chunkFileNames: 'chunks/[name]-[hash].mjs',
        ...options.output,
      },
    },
  },
})

rmSync(dist, { recursive: true, force: true })
await Promise.all([
  build(
    node({
      main: 'electron/main.ts',
      serve: 'electron/serve.ts',
      cli: 'electron/cli.ts',
      sidecar: 'sidecar/main.ts',
    }),
  ),
  build(
    node(
      { preload: 'electron/preload.ts' },
      { output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false } },
    ),
  ),
  build(rendererConfig),
])
cpSync(join(root, 'migrations'), join(dist, 'migrations'), { recursive: true })
cpSync(join(root, 'build/icons/icon.png'), join(dist, 'icon.png'))
