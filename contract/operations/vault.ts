import { Empty } from '../common.ts'
import { operation } from '../operation.ts'
import { VaultRotateInput, VaultSetupInput, VaultStatus, VaultUnlockInput } from '../system.ts'

/** What can be asked about the vault. */
export const vaultOperations = {
  'vault.status': operation({
    method: 'GET',
    path: '/vault',
    permission: 'vault:read',
    summary: 'State of the vault',
    input: Empty,
    output: VaultStatus,
    changes: false,
  }),
  'vault.setup': operation({
    method: 'POST',
    path: '/vault/setup',
    permission: 'vault:write',
    summary: 'Choose what protects the data key',
    input: VaultSetupInput,
    output: VaultStatus,
    changes: true,
  }),
  'vault.unlock': operation({
    method: 'POST',
    path: '/vault/unlock',
    permission: 'vault:write',
    summary: 'Unlock; waiting forwards go on by themselves',
    input: VaultUnlockInput,
    output: VaultStatus,
    changes: true,
  }),
  'vault.lock': operation({
    method: 'POST',
    path: '/vault/lock',
    permission: 'vault:write',
    summary: 'Forget the data key',
    input: Empty,
    output: VaultStatus,
    changes: true,
  }),
  'vault.rotate': operation({
    method: 'POST',
    path: '/vault/rotate',
    permission: 'vault:write',
    summary: 'Encrypt everything again under a new data key',
    input: VaultRotateInput,
    output: VaultStatus,
    changes: true,
  }),
} as const
