import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../../network/eventually.testing.ts'
import { systemClock } from '../clock.ts'
import { Log } from '../log.ts'
import { parseStat } from '../platform/linux-proc.ts'
import { createPlatform } from '../platform/platform.ts'
import { memoryStore } from '../store/store.testing.ts'
import { ChildRegistry } from './child-registry.ts'
import { askLoginShell, parseEnvironment } from './login-shell.ts'
import { ShellEnvironment } from './shell-environment.ts'

const isGroupAlive = (group: number): boolean => {
  const members = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return members.some((pid) => {
    try {
      const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
      return stat?.group === group && stat.state !== 'dead'
    } catch {
      return false
    }
  })
}

describe.runIf(process.platform === 'linux')('the login shell’s environment', () => {
  let home = ''
  const log = new Log([])
  const platform = createPlatform()
  const store = memoryStore()
  const registry = new ChildRegistry({ store, clock: systemClock, log, platform })
  const shells = {
    clock: systemClock,
    platform,
    register: (command: string) =>
      registry.registerIfPossible({ kind: 'probe-command', label: 'login shell', command }),
  }
  const onRecord = (): unknown[] => store.database.prepare('SELECT * FROM children').all()
  const desktop = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    HOME: home,
    SHELL: '/bin/bash',
    PATH: '/usr/bin:/bin:/opt/own/bin',
    OWN_ONLY: 'own',
    MOORING_PASSPHRASE: 'canary',
    ...more,
  })
  const profile = (text: string): void => writeFileSync(join(home, '.bash_profile'), text)
  const environment = (own: NodeJS.ProcessEnv): ShellEnvironment => new ShellEnvironment({ ...shells, log, own })

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'mooring-shell-'))
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  it('is read from the profile, with what we were started with kept', async () => {
    profile(
      `echo hello; export PATH="/opt/tools/bin:$PATH" CLOUD_PROFILE='two\nlines' HTTPS_PROXY=http://u:secret@proxy:3128`,
    )
    const shell = environment(desktop())
    const read = await shell.read()
    expect(read.PATH).toMatch(/^\/opt\/tools\/bin:.*:\/opt\/own\/bin/)
    expect(read).toMatchObject({ CLOUD_PROFILE: 'two\nlines', OWN_ONLY: 'own' })
    expect(read).not.toHaveProperty('TERM')
    expect(JSON.stringify(read)).not.toMatch(/canary|MOORING/)
    expect(onRecord()).toEqual([])
    const status = shell.status()
    expect(status).toMatchObject({ status: 'read', shell: '/bin/bash', path: read.PATH })
    expect(JSON.stringify(status)).not.toContain('secret')
    expect(status.names).toContain('CLOUD_PROFILE')
  })

  it('is read once, however often it is asked for', async () => {
    profile(`echo x >> "$HOME/count"`)
    const shell = environment(desktop())
    expect(shell.read()).toBe(shell.read())
    await shell.read()
    expect(readFileSync(join(home, 'count'), 'utf8')).toBe('x\n')
  })

  it('is not asked for when a terminal started us', async () => {
    profile('export FROM_PROFILE=1')
    const shell = environment(desktop({ TERM: 'xterm-256color' }))
    expect(await shell.read()).not.toHaveProperty('FROM_PROFILE')
    expect(shell.status().status).toBe('not-needed')
  })

  it('is what we were started with, and the usual folders, when the shell is missing', async () => {
    const shell = environment(desktop({ SHELL: '/no/such/shell' }))
    expect((await shell.read()).PATH).toMatch('/usr/bin:/bin:/opt/own/bin:')
    expect((await shell.read()).PATH).toContain(join(home, '.local/bin'))
    expect(shell.status().status).toBe('failed')
  })

  it('is given up when a profile hangs, and nothing of it is left', async () => {
    profile(`echo $$ > "$HOME/pid"; sleep 300 & wait`)
    const begin = performance.now()
    const asked = askLoginShell('/bin/bash', desktop(), { ...shells, timeoutMs: 3_000 })
    expect(onRecord()).toHaveLength(1)
    const result = await asked
    expect(onRecord()).toEqual([])
    expect(result).toEqual({ kind: 'timed-out' })
    expect(performance.now() - begin).toBeLessThan(15_000)
    const group = Number(readFileSync(join(home, 'pid'), 'utf8'))
    await eventually(() => expect(isGroupAlive(group)).toBe(false))
  })

  it('is given up when a profile prints for ever', async () => {
    profile('yes')
    expect(await askLoginShell('/bin/bash', desktop(), { ...shells, timeoutMs: 5000 })).toMatchObject({
      kind: 'failed',
    })
  })

  it('is read by lines where env knows no -0', async () => {
    writeFileSync(join(home, 'env'), '#!/bin/sh\n[ "$1" = -0 ] && exit 1\nexec /usr/bin/env\n')
    chmodSync(join(home, 'env'), 0o755)
    profile(`export PATH="${home}:$PATH" TWO='a\nb'`)
    const result = await askLoginShell('/bin/bash', desktop(), { ...shells, timeoutMs: 5000 })
    expect(result).toMatchObject({ kind: 'read', environment: { TWO: 'a\nb' } })
  })

  it('reads values that hold = and line breaks', () => {
    expect(parseEnvironment('A=1=2\0B=x\ny\0')).toEqual({ A: '1=2', B: 'x\ny' })
    expect(parseEnvironment('A=1\nB=x\ny\n')).toEqual({ A: '1', B: 'x\ny' })
  })
})
