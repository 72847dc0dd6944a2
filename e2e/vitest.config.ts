import { defineConfig } from 'vitest/config'
import { LongFirst } from './long-first.ts'
import { workerCount } from './worker-count.ts'

/** Specs against the real test bed: each worker has one, each spec file a namespace of its own. */
export default defineConfig({
  test: {
    name: 'e2e',
    include: ['e2e/specs/**/*.spec.ts', 'e2e/testbed/**/*.spec.ts'],
    globalSetup: ['e2e/testbed/global-setup.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: workerCount,
    sequence: { sequencer: LongFirst },
    testTimeout: 120_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
  },
})
