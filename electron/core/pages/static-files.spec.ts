import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readStaticFile } from './static-files.ts'

const base = mkdtempSync(join(tmpdir(), 'mooring-pages-'))
const folder = join(base, 'renderer')
mkdirSync(join(folder, 'assets'), { recursive: true })
mkdirSync(join(base, 'renderer-secret'))
writeFileSync(join(folder, 'index.html'), '<!doctype html>')
writeFileSync(join(folder, 'assets', 'main-abc.js'), 'export {}')
writeFileSync(join(folder, 'notes.txt'), 'not a page')
writeFileSync(join(base, 'mooring.json'), '{}')
writeFileSync(join(base, 'renderer-secret', 'x.json'), '{}')
afterAll(() => rmSync(base, { recursive: true }))

describe('the pages', () => {
  it('are served with their kind; what carries a hash may be kept', async () => {
    expect(await readStaticFile(folder, '/')).toMatchObject({ type: 'text/html; charset=utf-8', immutable: false })
    expect(await readStaticFile(folder, '/assets/main-abc.js')).toMatchObject({
      type: 'text/javascript; charset=utf-8',
      immutable: true,
    })
  })

  it.each([
    '/../mooring.json',
    '/%2e%2e/mooring.json',
    '/..%2fmooring.json',
    '/assets/../../mooring.json',
    '/..%2frenderer-secret%2fx.json',
    '/notes.txt',
    '/missing.html',
    '/index.html%00.js',
    '/%',
    '/assets',
  ])('do not include %s', async (path) => {
    expect(await readStaticFile(folder, path)).toBeNull()
  })
})
