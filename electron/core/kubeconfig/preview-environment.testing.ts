import type { PreviewEnvironment } from './preview.ts'

/** A machine without files, commands, consents or stored clusters, on 1 June 2026. */
export const nothingKnown: PreviewEnvironment = {
  now: Date.UTC(2026, 5, 1),
  path: null,
  fileExists: () => false,
  commandExists: () => null,
  isAllowed: () => false,
  duplicateOf: () => null,
}
