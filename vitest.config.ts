import { defineConfig } from 'vitest/config'

/** Unit tests beside their source: no cluster, no browser. */
export default defineConfig({
  test: {
    name: 'unit',
    include: [
      'contract/**/*.spec.ts',
      'network/**/*.spec.ts',
      'electron/**/*.spec.ts',
      'sidecar/**/*.spec.ts',
      'build/**/*.spec.ts',
      'renderer/src/**/*.spec.ts',
    ],
    environment: 'node',
    maxWorkers: 2,
    testTimeout: 60_000,
  },
})
