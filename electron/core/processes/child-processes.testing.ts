import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, type Clock } from '../clock.ts'
import { createPlatform } from '../platform/platform.ts'
import type { Store } from '../store/store.ts'
import { memoryStore, silentLog } from '../store/store.testing.ts'
import { ChildProcesses, type ChildLimits, type ChildSpec } from './child-processes.ts'

/** Real children in a registry of their own; `close()` stops them and removes the folder. */
export function testChildren(
  options: {
    store?: Store
    limits?: () => ChildLimits
    environment?: () => Promise<Record<string, string>>
    clock?: Clock
  } = {},
): {
  children: ChildProcesses
  store: Store
  runtimeDir: string
  close: () => Promise<void>
} {
  const store = options.store ?? memoryStore()
  const runtimeDir = mkdtempSync(join(tmpdir(), 'mooring-children-'))
  const limits = options.limits ?? (() => ({ maxChildren: 128, maxStarting: 4 }))
  const clock = options.clock ?? systemClock
  const environment = options.environment === undefined ? {} : { environment: options.environment }
  const children = new ChildProcesses({ store, clock, log: silentLog, runtimeDir, limits, ...environment })
  const close = async (): Promise<void> => {
    await children.close()
    if (options.store === undefined) store.close()
    rmSync(runtimeDir, { recursive: true, force: true })
  }
  return { children, store, runtimeDir, close }
}

/** A child that runs a line of shell. */
export const shell = (script: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  kind: 'kubectl',
  label: 'test',
  command: 'sh',
  args: () => ['-c', script],
  environment: {},
  onLine: () => undefined,
  ...more,
})

const platform = createPlatform()

/** Whether it runs; who has ended and was not collected yet does not. */
export function isAlive(pid: number): boolean {
  const facts = platform.processFacts(pid)
  return facts !== null && facts.state !== 'dead'
}

/** Looks again every 10 ms until it is true; throws after `ms`. Without vitest's `eventually`, for programs that specs start. */
export async function until(condition: () => boolean, ms = 30_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not true within ${ms} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
