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
      'bench/**/*.spec.ts',
      'renderer/src/**/*.spec.ts',
    ],
    environment: 'node',
    // Much of their time is waiting for processes and timers.
    maxWorkers: 3,
    // A process for each file would cost more than what is in the files.
    isolate: false,
    testTimeout: 60_000,
  },
})
