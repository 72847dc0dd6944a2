import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ChaosWorld, PartResult } from './chaos-part.ts'

const root = join(import.meta.dirname, '..', '..')
const spec = 'electron/core/forwards/reconciler/reconciler.properties.spec.ts'

/** The reconciler under random sequences of events with a fake clock: its own spec, many more times. */
export async function runSequences({ size, random }: ChaosWorld): Promise<PartResult> {
  const words = [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', 'vitest.config.ts', spec]
  const run = await promisify(execFile)(process.execPath, [...words, '--testTimeout=3600000'], {
    cwd: root,
    env: {
      ...process.env,
      MOORING_CHAOS_SEQUENCES: String(size.reconcilerSequences),
      MOORING_CHAOS_SEED: String(random.below(2 ** 31)),
      NO_COLOR: '1',
    },
    maxBuffer: 1 << 26,
  }).then(
    ({ stdout }) => ({ ok: true, said: stdout }),
    (error: unknown) => ({ ok: false, said: (error as { stdout?: string }).stdout ?? String(error) }),
  )
  const sum = /Tests\s+(.+)/.exec(run.said)?.[1] ?? ''
  return {
    facts: {
      'random sequences for each property': String(size.reconcilerSequences),
      'properties, and one test of the spread of waits with samples and a seed of its own': sum,
    },
    violations: run.ok ? [] : [run.said.slice(-4000)],
  }
}
