import { z } from '../zod.ts'
import { Done, Empty, Id, numberInQuery } from '../common.ts'
import { HintKind } from '../forwards.ts'
import { operation } from '../operation.ts'
import { AppStatus, AuditEntry, Diagnostics } from '../system.ts'

/** What can be asked about the running Mooring itself. */
export const applicationOperations = {
  'diagnostics.get': operation({
    method: 'GET',
    path: '/diagnostics',
    permission: 'diagnostics:read',
    summary: 'What the app found around itself',
    input: Empty,
    output: Diagnostics,
    changes: false,
  }),
  'diagnostics.report': operation({
    method: 'GET',
    path: '/diagnostics/report',
    permission: 'diagnostics:read',
    summary: 'The same as a text without secrets, to hand to somebody',
    input: Empty,
    output: z.object({ text: z.string() }),
    changes: false,
  }),
  'app.status': operation({
    method: 'GET',
    path: '/status',
    permission: 'diagnostics:read',
    summary: 'What the status bar shows',
    input: Empty,
    output: AppStatus,
    changes: false,
  }),
  'app.hint': operation({
    method: 'POST',
    path: '/hints',
    permission: 'forwards:write',
    summary: 'Something changed (woken up, network back, somebody looks): try at once what waits',
    input: z.strictObject({ kind: HintKind, forwardId: Id.optional() }),
    output: Done,
    changes: false,
  }),
  'sidecar.restart': operation({
    method: 'POST',
    path: '/sidecar/restart',
    permission: 'diagnostics:write',
    summary: 'Start the cluster watcher (sidecar) again',
    input: Empty,
    output: AppStatus,
    changes: true,
  }),
  'audit.list': operation({
    method: 'GET',
    path: '/audit',
    permission: 'audit:read',
    summary: 'Who did what, newest first',
    input: z.strictObject({ limit: numberInQuery(1000, 200) }),
    output: z.array(AuditEntry),
    changes: false,
  }),
} as const
