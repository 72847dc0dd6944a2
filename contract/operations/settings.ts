import { z } from '../zod.ts'
import { Empty } from '../common.ts'
import { operation } from '../operation.ts'
import { KubectlStatus, Settings, UpdateSettingsInput } from '../system.ts'

/** What can be asked about settings and kubectl. */
export const settingOperations = {
  'settings.get': operation({
    method: 'GET',
    path: '/settings',
    permission: 'settings:read',
    summary: 'Settings',
    input: Empty,
    output: Settings,
    changes: false,
  }),
  'settings.update': operation({
    method: 'PATCH',
    path: '/settings',
    permission: 'settings:write',
    summary: 'Change settings',
    input: UpdateSettingsInput,
    output: Settings,
    changes: true,
  }),
  'kubectl.status': operation({
    method: 'GET',
    path: '/kubectl',
    permission: 'settings:read',
    summary: 'kubectl on this machine: chosen, found, where it was looked for',
    input: z.strictObject({ refresh: z.enum(['true', 'false']).optional() }),
    output: KubectlStatus,
    changes: false,
  }),
} as const
