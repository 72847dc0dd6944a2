import { defineConfig } from 'vitest/config'

const givenBed = process.env['MOORING_TESTBED_JSON'] ?? ''

/** Specs against the real test bed: each worker has one, each spec file a namespace of its own. */
export default defineConfig({
  test: {
    name: 'e2e',
    include: ['e2e/specs/**/*.spec.ts', 'e2e/testbed/**/*.spec.ts'],
    globalSetup: ['e2e/testbed/global-setup.ts'],
    environment: 'node',
    pool: 'forks',
    // Specs wait for pods and probes most of the time, so that two share the machine's cores without being in each
    // other's way. On a bed that runs already they take turns: some of them break it for a while.
    maxWorkers: givenBed === '' ? 2 : 1,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
})
