import fs from 'node:fs/promises'
import path from 'node:path'

/** What the plugin does when it is run; host-faults.ts writes it as `login.json`, and the next run reads it. */
export type LoginSettings = {
  /** `hang`: never answers; `garbage`: prints something that is no credential; `no-expiry`: does not say until when. */
  mode: 'ok' | 'fail' | 'hang' | 'garbage' | 'no-expiry'
  /** Life of the tokens it gives, in seconds. The API server refuses them afterwards, at most 10 s late (its cache). */
  lifetimeSeconds: number
  /** Milliseconds it takes to answer. */
  delayMs: number
}

const DEFAULTS: LoginSettings = { mode: 'ok', lifetimeSeconds: 3600, delayMs: 0 }

/** Path of the exec credential plugin in a bed's folder, or in one of its own. Each run appends a line to `login.log` there. */
export function loginPluginPath(folder: string): string {
  return path.join(folder, 'bin', 'testbed-login')
}

/**
 * Writes the plugin: a program of its own, because kubeconfigs name it and any client runs it. In a folder of its own it
 * has settings and a log of its own.
 */
export async function writeLoginPlugin(bedFolder: string, folder: string = bedFolder): Promise<void> {
  const file = loginPluginPath(folder)
  await fs.mkdir(path.dirname(file), { recursive: true })
  await fs.writeFile(path.join(folder, 'login.json'), JSON.stringify(DEFAULTS))
  const issuerModule = JSON.stringify(path.join(import.meta.dirname, 'issuer.ts'))
  const text = `#!${process.execPath}
import { appendFileSync, readFileSync } from 'node:fs'
import { createPrivateKey } from 'node:crypto'
import { signToken } from ${issuerModule}
const bed = ${JSON.stringify(bedFolder)}
const own = ${JSON.stringify(folder)}
const settings = JSON.parse(readFileSync(own + '/login.json', 'utf8'))
appendFileSync(own + '/login.log', new Date().toISOString() + ' ' + process.pid + ' ' + process.argv.slice(2).join(' ') + '\\n')
const answer = () => {
  if (settings.mode === 'fail') {
    console.error('testbed-login: your session has ended, sign in again')
    process.exit(1)
  }
  if (settings.mode === 'garbage') return console.log('Please sign in at https://login.example.test')
  const key = createPrivateKey(readFileSync(bed + '/issuer/signing.key'))
  const issuer = readFileSync(bed + '/issuer/url', 'utf8')
  const claims = { email: 'plugin@example.test', groups: ['testers'], lifetimeSeconds: settings.lifetimeSeconds }
  const status = { token: signToken(key, issuer, claims) }
  if (settings.mode !== 'no-expiry') {
    status.expirationTimestamp = new Date(Date.now() + settings.lifetimeSeconds * 1000).toISOString().replace(/\\.\\d+/, '')
  }
  console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }))
}
if (settings.mode === 'hang') setInterval(() => undefined, 1000)
else setTimeout(answer, settings.delayMs)
`
  // The ending tells Node that it is a module; the name without it is what kubeconfigs use.
  await fs.writeFile(`${file}.mjs`, text)
  await fs.writeFile(file, `#!/bin/sh\nexec '${process.execPath}' '${file}.mjs' "$@"\n`, { mode: 0o755 })
}
