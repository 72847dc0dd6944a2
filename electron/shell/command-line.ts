/** What the desktop reads from its command line; everything else there is Electron's own. */
export type CommandLine = {
  /** Null: the folder each system has for it. */
  dataDir: string | null
  /** Started by the system at login: stay out of the way. */
  hidden: boolean
}

/** Reads `--data-dir DIR`, `--data-dir=DIR` and `--hidden`. Pure. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const at = args.findLastIndex((argument) => argument === '--data-dir' || argument.startsWith('--data-dir='))
  const named = args[at]?.startsWith('--data-dir=') === true ? args[at].slice('--data-dir='.length) : args[at + 1]
  const dataDir = at === -1 || named === undefined || named === '' ? null : named
  return { dataDir, hidden: args.includes('--hidden') }
}
