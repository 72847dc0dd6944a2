import { defineConfig } from 'vitest/config'

/** Specs against the real test bed: one bed for all of them, a namespace of its own for each. */
export default defineConfig({
  test: {
    name: 'e2e',
    include: ['e2e/specs/**/*.spec.ts', 'e2e/testbed/**/*.spec.ts'],
    globalSetup: ['e2e/testbed/global-setup.ts'],
    environment: 'node',
    pool: 'forks',
    // Clusters, browsers and children share two cores, and specs measure times: one file after the other.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
})
