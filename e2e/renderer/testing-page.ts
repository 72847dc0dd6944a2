import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright'
import { build } from 'vite'
import { rendererConfig } from '../../build/vite.renderer.config.ts'
import { contentSecurityPolicy } from '../../electron/core/pages/content-security-policy.ts'
import { readStaticFile } from '../../electron/core/pages/static-files.ts'
import { asProduct } from './as-product.ts'

/** The pages around an owner in memory, built as the product is built. */
export type TestingPage = {
  readonly url: string
  /** Lets a browser's context see them, with the product's own headers. */
  showIn(context: BrowserContext): Promise<void>
  close(): Promise<void>
}

/** Never asked over a network: a browser drops requests, even to this machine, whenever a test bed comes or goes. */
const origin = 'http://localhost'

export async function buildTestingPage(): Promise<TestingPage> {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-testing-page-'))
  const root = join(import.meta.dirname, '../../renderer')
  await asProduct(() =>
    build({
      ...rendererConfig,
      build: {
        ...rendererConfig.build,
        outDir: folder,
        rolldownOptions: { ...rendererConfig.build?.rolldownOptions, input: join(root, 'testing.html') },
      },
    }),
  )
  return {
    url: `${origin}/testing.html`,
    showIn: async (context) => {
      await context.route(`${origin}/**`, async (route) => {
        const file = await readStaticFile(folder, new URL(route.request().url()).pathname)
        if (file === null) await route.fulfill({ status: 404 })
        else
          await route.fulfill({
            headers: { 'content-type': file.type, 'content-security-policy': contentSecurityPolicy([]) },
            body: file.body,
          })
      })
    },
    close: () => rm(folder, { recursive: true, force: true }),
  }
}
