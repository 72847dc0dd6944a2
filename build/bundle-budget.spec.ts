import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { beforeAll, expect, test, vi } from 'vitest'
import { rendererConfig } from './vite.renderer.config.ts'

/** Kilobytes (1,000 bytes) after gzip: what the page needs before it shows anything, and any part fetched later. */
const budget = { start: 160, lazyChunk: 150 }

const kilobytes = (text: string | Uint8Array): number => gzipSync(text, { level: 9 }).byteLength / 1000

let chunks: Rolldown.OutputChunk[]
let assets: Rolldown.OutputAsset[]
beforeAll(async () => {
  // The test runner's own NODE_ENV would bring React's development build.
  vi.stubEnv('NODE_ENV', 'production')
  const built = await build({ ...rendererConfig, build: { ...rendererConfig.build, write: false } })
  const { output } = built as Rolldown.RolldownOutput
  chunks = output.filter((part) => part.type === 'chunk')
  assets = output.filter((part) => part.type === 'asset')
  vi.unstubAllEnvs()
}, 120_000)

/** The entry and all it imports without waiting. */
function startChunks(): Set<Rolldown.OutputChunk> {
  const start = new Set(chunks.filter((chunk) => chunk.isEntry))
  for (const chunk of start)
    for (const name of chunk.imports) {
      const imported = chunks.find(({ fileName }) => fileName === name)
      if (imported !== undefined) start.add(imported)
    }
  return start
}

const sizes = (of: Iterable<Rolldown.OutputChunk>): { name: string; size: number }[] =>
  [...of]
    .map(({ fileName, code }) => ({ name: fileName, size: Math.round(kilobytes(code) * 10) / 10 }))
    .sort((one, other) => other.size - one.size)

test(`the page starts with at most ${budget.start} kB of script`, () => {
  const start = sizes(startChunks())
  expect(start).not.toEqual([])
  const total = start.reduce((sum, { size }) => sum + size, 0)
  expect(total, JSON.stringify(start.slice(0, 12), null, 1)).toBeLessThanOrEqual(budget.start)
})

test(`nothing fetched later is larger than ${budget.lazyChunk} kB`, () => {
  const start = startChunks()
  const lazy = chunks.filter((chunk) => !start.has(chunk))
  expect(sizes(lazy).filter(({ size }) => size > budget.lazyChunk)).toEqual([])
})

const text = (suffix: string): string[] =>
  assets.filter(({ fileName }) => fileName.endsWith(suffix)).map(({ source }) => Buffer.from(source).toString('utf8'))

test('pages and style sheets hold nothing that the content security policy refuses', () => {
  const [page = ''] = text('.html')
  expect(page).toContain('<script type="module"')
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=/)
  expect(text('.css').filter((sheet) => /url\(["']?data:|@import/.test(sheet))).toEqual([])
})
