import type { z } from './zod.ts'
import { applicationOperations } from './operations/application.ts'
import { clusterOperations } from './operations/clusters.ts'
import { commandOperations } from './operations/commands.ts'
import { forwardOperations } from './operations/forwards.ts'
import { settingOperations } from './operations/settings.ts'
import { vaultOperations } from './operations/vault.ts'

/**
 * Everything a caller can ask for. The key is the operation's name: the IPC channel, the CLI and the audit log use it.
 * Each is declared in the file of its domain.
 */
export const operations = {
  ...clusterOperations,
  ...forwardOperations,
  ...vaultOperations,
  ...commandOperations,
  ...settingOperations,
  ...applicationOperations,
} as const

export type Operations = typeof operations
/** The name of an operation, `area.verb`. */
export type OperationName = keyof Operations
/** What a caller gives (before defaults are filled in). */
export type OperationInput<Name extends OperationName> = z.input<Operations[Name]['input']>
/** What a handler gets (parsed, defaults filled in). */
export type OperationRequest<Name extends OperationName> = z.output<Operations[Name]['input']>
/** What a handler answers, and the caller gets. */
export type OperationOutput<Name extends OperationName> = z.output<Operations[Name]['output']>
/** The names of all operations. */
export const operationNames = Object.keys(operations) as OperationName[]
