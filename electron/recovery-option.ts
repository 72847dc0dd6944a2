import type { Recovery } from './core/store/recovery.ts'

/** What was decided about a damaged database on a command line: `--restore-snapshot NAME` or `--start-empty`. Pure. */
export function readRecovery(args: readonly string[]): Recovery | null {
  const name = '--restore-snapshot'
  const at = args.findLastIndex((argument) => argument === name || argument.startsWith(`${name}=`))
  const file = args[at]?.startsWith(`${name}=`) === true ? args[at].slice(name.length + 1) : args[at + 1]
  if (at !== -1 && file !== undefined && file !== '') return { kind: 'restore-snapshot', file }
  return args.includes('--start-empty') ? { kind: 'start-empty' } : null
}
