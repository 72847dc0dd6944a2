/** The code by which the system or a library names what went wrong (`ENOENT`, `EADDRINUSE`); null: it has none. */
export const errorCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error ? String(error.code) : null
