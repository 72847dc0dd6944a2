import type { ProcessFacts } from './platform.ts'

/** Readers of what netstat, tasklist and PowerShell of Windows print. */

export type NetstatSocket = {
  readonly localAddress: string
  readonly localPort: number
  readonly peerPort: number
  readonly listening: boolean
  readonly pid: number
}

/** `netstat -ano -p TCP`. The state is printed in the system's language, so a listener is known by its peer's port 0. */
export function parseNetstat(text: string): NetstatSocket[] {
  const sockets: NetstatSocket[] = []
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*TCP\s+(\S+):(\d+)\s+(\S+):(\d+)\s+.*?(\d+)\s*$/.exec(line)
    if (match === null) continue
    sockets.push({
      localAddress: (match[1] ?? '').replace(/^\[|\]$/g, ''),
      localPort: Number(match[2]),
      peerPort: Number(match[4]),
      listening: match[4] === '0',
      pid: Number(match[5]),
    })
  }
  return sockets
}

/** `tasklist /FI "PID eq N" /FO CSV /NH`; without a match it prints a sentence in the system's language. */
export function parseTasklistName(text: string): string | null {
  return /^"([^"]+)","\d+"/m.exec(text)?.[1] ?? null
}

/** Asks for one process as JSON, with times as plain numbers (100 ns), which read the same in every PowerShell. */
export const factsScript = (pid: number): string =>
  `Get-CimInstance Win32_Process -Filter "ProcessId=${pid}" | Select-Object @{n='started';e={$_.CreationDate.ToFileTimeUtc()}},` +
  `@{n='cpu';e={$_.KernelModeTime+$_.UserModeTime}},@{n='memory';e={$_.WorkingSetSize}} | ConvertTo-Json -Compress`

export function parseFacts(text: string): ProcessFacts | null {
  const number = (name: string): string | undefined => new RegExp(`"${name}":(\\d+)`).exec(text)?.[1]
  const started = number('started')
  if (started === undefined) return null
  return {
    startTime: started,
    state: 'running',
    cpuMs: Math.round(Number(number('cpu') ?? 0) / 10_000),
    rssBytes: Number(number('memory') ?? 0),
  }
}
