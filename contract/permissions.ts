import { z } from './zod.ts'

/** What a caller may do. The server decides; the UI only shows the decision. */
export const Permission = z.enum([
  'clusters:read',
  'clusters:test',
  'clusters:write',
  'forwards:read',
  'forwards:write',
  'vault:read',
  'vault:write',
  'commands:read',
  'commands:write',
  'settings:read',
  'settings:write',
  'diagnostics:read',
  'diagnostics:write',
  'audit:read',
])
export type Permission = z.infer<typeof Permission>

/** Who calls. The owner of the data folder may do everything; roles will be other sets of the same strings. */
export type Principal = { readonly name: string; readonly permissions: ReadonlySet<Permission> }

/** The one caller there is today: who owns the data folder. */
export const owner: Principal = { name: 'owner', permissions: new Set(Permission.options) }
