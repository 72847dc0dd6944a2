/** A line of the host's log on stderr; `at` in ms since the epoch. */
export type LogLine = { readonly at: number; readonly area: string; readonly message: string }

/** The lines of the log, without what else a host prints. */
export function readLog(text: string): LogLine[] {
  return text.split('\n').flatMap((line) => {
    const [, at = '', area = '', message = ''] = /^(\d{4}-\S+Z) \w+ +(\S+): (.*)$/.exec(line) ?? []
    return at === '' ? [] : [{ at: Date.parse(at), area, message }]
  })
}

/** What kubectl prints once it listens. */
export const isListening = (text: string): boolean => text.startsWith('Forwarding from ')

/** When each kubectl of a forward was started, and when it said that it listens; in the order of the log. */
export function kubectlTimes(lines: readonly LogLine[]): {
  started: Map<number, number>
  listening: Map<number, number>
} {
  const started = new Map<number, number>()
  const listening = new Map<number, number>()
  for (const { at, area, message } of lines) {
    if (area !== 'processes') continue
    const start = /^started kubectl (\d+) for /.exec(message)?.[1]
    if (start !== undefined) started.set(Number(start), at)
    const [, pid, text = ''] = /^kubectl (\d+) \(.*?\): (.*)$/.exec(message) ?? []
    if (pid !== undefined && isListening(text)) listening.set(Number(pid), at)
  }
  return { started, listening }
}
