import type { CauseCode } from '../../contract/causes.ts'

type Spec = 'pods' | 'credentials' | 'machine' | 'cluster'

/** Where each cause is produced for real, seen in the row, and mended: `e2e/specs/causes-SPEC.spec.ts`. */
export const causeSpecs: Record<CauseCode, Spec> = {
  queued: 'machine',
  connecting: 'pods',
  stopping: 'pods',
  'pod-replaced': 'pods',
  'tunnel-lost': 'machine',
  'tunnel-stalled': 'cluster',
  'cluster-unreachable': 'cluster',
  'api-unavailable': 'cluster',
  'node-unreachable': 'cluster',
  'upgrade-refused': 'cluster',
  'credentials-expired': 'credentials',
  'credentials-rejected': 'credentials',
  'credentials-command-missing': 'credentials',
  'credentials-command-failed': 'credentials',
  'credentials-command-not-allowed': 'credentials',
  forbidden: 'credentials',
  'namespace-missing': 'pods',
  'target-missing': 'pods',
  'no-ready-pod': 'pods',
  'port-not-in-target': 'pods',
  'container-not-listening': 'pods',
  'reset-by-pod': 'pods',
  'local-port-taken': 'machine',
  'local-port-forbidden': 'machine',
  'kubectl-missing': 'machine',
  'kubectl-failed': 'machine',
  'vault-locked': 'credentials',
  'limit-reached': 'machine',
  'storage-failed': 'machine',
}
