import { defineConfig } from 'vitest/config'

/** The specs of mutated inputs alone, one after the other: none of them needs a test bed. */
export default defineConfig({
  test: {
    include: ['electron/core/kubeconfig/preview.fuzz.spec.ts', 'e2e/specs/hostile-requests.spec.ts'],
    environment: 'node',
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
