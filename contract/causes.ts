import { z } from './zod.ts'

/** Why a forward is not live. Each has words and a next step in `electron/core/forwards/cause-words.ts`. */
export const CauseCode = z.enum([
  'queued',
  'connecting',
  'stopping',
  'pod-replaced',
  'tunnel-lost',
  'tunnel-stalled',
  'cluster-unreachable',
  'api-unavailable',
  'node-unreachable',
  'upgrade-refused',
  'credentials-expired',
  'credentials-rejected',
  'credentials-command-missing',
  'credentials-command-failed',
  'credentials-command-not-allowed',
  'forbidden',
  'namespace-missing',
  'target-missing',
  'no-ready-pod',
  'port-not-in-target',
  'container-not-listening',
  'reset-by-pod',
  'local-port-taken',
  'local-port-forbidden',
  'kubectl-missing',
  'kubectl-failed',
  'vault-locked',
  'limit-reached',
  'storage-failed',
])
export type CauseCode = z.infer<typeof CauseCode>

/** A named cause with its next step. `detail` narrows the code (dns, timeout, CrashLoopBackOff ...); `since` in ms since the epoch. */
export const Cause = z.object({
  code: CauseCode,
  detail: z.string().nullable(),
  message: z.string(),
  next: z.string(),
  since: z.int(),
})
export type Cause = z.infer<typeof Cause>
