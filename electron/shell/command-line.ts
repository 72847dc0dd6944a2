import type { Result } from '../../contract/errors.ts'
import { recoveryOf, type Recovery } from '../core/store/recovery-options.ts'

/** What the desktop reads from its command line; everything else there is Electron's own. */
export type CommandLine = {
  /** Null: the folder each system has for it. */
  dataDir: string | null
  /** Started by the system at login: stay out of the way. */
  hidden: boolean
  /** What was decided about a damaged database, as {@link recoveryOf} says. */
  recovery: Result<Recovery | null>
}

/**
 * Reads `--data-dir DIR`, `--hidden`, `--restore-snapshot NAME` and `--start-empty`; values may follow a `=` too. Pure.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  return {
    dataDir: valueOf(args, '--data-dir'),
    hidden: args.includes('--hidden'),
    recovery: recoveryOf({
      restoreSnapshot: valueOf(args, '--restore-snapshot'),
      startEmpty: args.includes('--start-empty'),
    }),
  }
}

/** The value of the last option of that name; null where there is none, and where it is empty. */
function valueOf(args: readonly string[], name: string): string | null {
  const at = args.findLastIndex((argument) => argument === name || argument.startsWith(`${name}=`))
  if (at === -1) return null
  const value = args[at] === name ? args[at + 1] : args[at]?.slice(name.length + 1)
  return value === undefined || value === '' ? null : value
}
