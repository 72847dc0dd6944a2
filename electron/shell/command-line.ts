import type { Recovery } from '../core/store/recovery.ts'

/** What the desktop reads from its command line; everything else there is Electron's own. */
export type CommandLine = {
  /** Null: the folder each system has for it. */
  dataDir: string | null
  /** Started by the system at login: stay out of the way. */
  hidden: boolean
  /** What was decided about a damaged database; null: nothing. */
  recovery: Recovery | null
}

/**
 * Reads `--data-dir DIR`, `--hidden`, `--restore-snapshot NAME` and `--start-empty`; values may follow a `=` too. Pure.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const file = valueOf(args, '--restore-snapshot')
  return {
    dataDir: valueOf(args, '--data-dir'),
    hidden: args.includes('--hidden'),
    recovery:
      file !== null
        ? { kind: 'restore-snapshot', file }
        : args.includes('--start-empty')
          ? { kind: 'start-empty' }
          : null,
  }
}

/** The value of the last option of that name; null where there is none, and where it is empty. */
function valueOf(args: readonly string[], name: string): string | null {
  const at = args.findLastIndex((argument) => argument === name || argument.startsWith(`${name}=`))
  if (at === -1) return null
  const value = args[at] === name ? args[at + 1] : args[at]?.slice(name.length + 1)
  return value === undefined || value === '' ? null : value
}
