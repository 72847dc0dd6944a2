import { z } from '../zod.ts'
import { ById, Done, Empty } from '../common.ts'
import { AllowedCommand, CredentialCommand } from '../kubeconfigs.ts'
import { operation } from '../operation.ts'

/** What can be asked about the credential commands that may run. */
export const commandOperations = {
  'commands.list': operation({
    method: 'GET',
    path: '/commands',
    permission: 'commands:read',
    summary: 'Credential commands that may run',
    input: Empty,
    output: z.array(AllowedCommand),
    changes: false,
  }),
  'commands.allow': operation({
    method: 'POST',
    path: '/commands',
    permission: 'commands:write',
    summary: 'Allow a credential command, exactly as written',
    input: z.strictObject(CredentialCommand.shape),
    output: AllowedCommand,
    changes: true,
  }),
  'commands.remove': operation({
    method: 'DELETE',
    path: '/commands/{id}',
    permission: 'commands:write',
    summary: 'Allow a credential command no longer',
    input: ById,
    output: Done,
    changes: true,
  }),
} as const
