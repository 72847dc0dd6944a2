import { defineConfig } from 'vitest/config'

/** Specs in a real window; one at a time, they share a display and two cores. */
export default defineConfig({
  test: {
    name: 'desktop',
    include: ['e2e/desktop/**/*.spec.ts'],
    globalSetup: ['e2e/testbed/global-setup.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
})
