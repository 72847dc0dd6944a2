// Loaded into a host before its own code: notes whatever it starts, however short that lives, before it starts.
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'

const file = new URL(import.meta.url).searchParams.get('file')
subscribe('tracing:child_process.spawn:start', ({ options: { args, envPairs } }) =>
  appendFileSync(file, `${JSON.stringify({ command: args.join(' '), environment: envPairs.join('\0') })}\n`),
)
