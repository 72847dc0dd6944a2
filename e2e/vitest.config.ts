import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { LongFirst } from './long-first.ts'
import { workerCount } from './worker-count.ts'

/** What measures times under a load of its own has the machine for itself: its neighbour would be measured as well. */
const alone = [
  'e2e/specs/chaos.spec.ts',
  'e2e/specs/data-plane-kubectl-ends.spec.ts',
  'e2e/specs/invariants.spec.ts',
  'e2e/specs/rollouts.spec.ts',
]

const project = (
  name: string,
  files: { include: string[]; exclude?: string[] },
  { maxWorkers, groupOrder }: { maxWorkers: number; groupOrder: number },
): TestProjectInlineConfiguration => ({
  test: {
    ...files,
    name,
    environment: 'node',
    pool: 'forks',
    maxWorkers,
    sequence: { groupOrder },
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})

/** Specs against the real test bed: each worker has one, each spec file a namespace of its own. */
export default defineConfig({
  test: {
    globalSetup: ['e2e/testbed/global-setup.ts'],
    maxWorkers: workerCount,
    sequence: { sequencer: LongFirst },
    teardownTimeout: 60_000,
    projects: [
      project(
        'e2e',
        { include: ['e2e/specs/**/*.spec.ts', 'e2e/testbed/**/*.spec.ts'], exclude: alone },
        { maxWorkers: workerCount, groupOrder: 0 },
      ),
      project('e2e alone', { include: alone }, { maxWorkers: 1, groupOrder: 1 }),
    ],
  },
})
