import { join } from 'node:path'
import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumPath } from '../e2e/renderer/chromium.ts'

const root = join(import.meta.dirname, '..')
const isRoot = process.getuid?.() === 0

/** Pages in a real browser: parts with an owner in memory, and the built pages under the product's own policy. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        plugins: [react()],
        publicDir: false,
        optimizeDeps: { include: ['react', 'react-dom/client', 'axe-core', 'zod'] },
        test: {
          name: 'component',
          include: ['renderer/src/**/*.browser.spec.tsx'],
          testTimeout: 20_000,
          // A page is fetched and transformed when it is first looked at.
          expect: { poll: { timeout: 15_000 } },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }),
                args: isRoot ? ['--no-sandbox'] : [],
              },
              contextOptions: { reducedMotion: 'reduce' },
            }),
            instances: [{ browser: 'chromium', viewport: { width: 1280, height: 800 } }],
          },
        },
      },
      {
        root,
        test: {
          name: 'pages',
          include: ['e2e/renderer/**/*.spec.ts'],
          environment: 'node',
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 1,
        },
      },
    ],
  },
})
