import { defineConfig } from 'vitest/config'
import { workerCount } from './worker-count.ts'

/** Specs of the desktop: each file has a display of its own, each worker a bed. */
export default defineConfig({
  test: {
    name: 'desktop',
    include: ['e2e/desktop/**/*.spec.ts'],
    globalSetup: ['e2e/testbed/global-setup.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: workerCount,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
})
