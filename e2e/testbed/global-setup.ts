import type { TestProject } from 'vitest/node'
import type { BedDescription } from './description.ts'
import { startBed, type Bed } from './bed.ts'
import { readDescription } from './testbed.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The bed all spec files share: `await attachTestbed(inject('testbed'))`, with namespaces of their own. */
    testbed: BedDescription
  }
}

let own: Bed | null = null

/**
 * Vitest global set-up: gives every spec file one bed. `MOORING_TESTBED_JSON` (the JSON of `up --json`, or a file with
 * it) names one that runs already; otherwise one is started, and ends with the run.
 */
export async function setup(project: TestProject): Promise<void> {
  const running = process.env['MOORING_TESTBED_JSON']
  if (running !== undefined && running !== '') {
    project.provide('testbed', await readDescription(running))
    return
  }
  own = await startBed()
  project.provide('testbed', own.description)
}

export async function teardown(): Promise<void> {
  await own?.close()
  own = null
}
