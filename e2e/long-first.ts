import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take about a minute, though some are small: begun last, they would run on alone. */
const long = [
  'e2e/specs/start.spec.ts',
  'e2e/testbed/testbed-end.spec.ts',
  'e2e/specs/causes-cluster.spec.ts',
  'e2e/testbed/testbed-faults.spec.ts',
  'e2e/specs/crash-loop.spec.ts',
]

/** Begins with what takes longest. Vitest's own order needs an earlier run for that, which a fresh clone has not. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = long.findIndex((name) => moduleId.endsWith(name))
      return index < 0 ? long.length : index
    }
    return (await super.sort(files)).sort((one, other) => place(one) - place(other))
  }
}
