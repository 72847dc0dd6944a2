import type { TestProject } from 'vitest/node'
import type { BedDescription } from './description.ts'
import { startBed, type Bed } from './bed.ts'
import { readDescription } from './testbed.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A bed for each worker; spec files ask `sharedBed()` for theirs. */
    testbeds: BedDescription[]
  }
}

let own: Bed[] = []

/**
 * Vitest global set-up: gives every worker a bed. `MOORING_TESTBED_JSON` (the JSON of `up --json`, or a file with it)
 * names one that runs already; otherwise they are started, and end with the run.
 */
export async function setup(project: TestProject): Promise<void> {
  const running = process.env['MOORING_TESTBED_JSON']
  if (running !== undefined && running !== '') {
    project.provide('testbeds', [await readDescription(running)])
    return
  }
  // The first one builds what is missing, for all.
  own = [await startBed()]
  const more = Array.from({ length: project.config.maxWorkers - 1 }, () => startBed())
  own.push(...(await Promise.all(more)))
  project.provide(
    'testbeds',
    own.map(({ description }) => description),
  )
}

export async function teardown(): Promise<void> {
  await Promise.all(own.map((bed) => bed.close()))
  own = []
}
