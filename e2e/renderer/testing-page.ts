import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { rendererConfig } from '../../build/vite.renderer.config.ts'
import { contentSecurityPolicy } from '../../electron/core/pages/content-security-policy.ts'
import { asProduct } from './as-product.ts'
import { readStaticFile } from '../../electron/core/pages/static-files.ts'

/** The pages around an owner in memory, built as the product is built and served with the product's own headers. */
export type TestingPage = { readonly url: string; close(): Promise<void> }

export async function serveTestingPage(): Promise<TestingPage> {
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
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    void readStaticFile(folder, pathname).then((file) => {
      if (file === null) {
        response.writeHead(404).end()
        return
      }
      response.writeHead(200, { 'content-type': file.type, 'content-security-policy': contentSecurityPolicy([]) })
      response.end(file.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}/testing.html`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
