const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  EACCES: 'You may not read it.',
  EPERM: 'You may not read it.',
  EISDIR: 'It is a folder.',
}

/** Why a file that somebody named cannot be read, in a sentence. */
export function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined ? 'The system gives no reason.' : (reasons[code] ?? `The system says ${code}.`)
}
