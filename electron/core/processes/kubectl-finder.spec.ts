import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLog } from '../store/store.testing.ts'
import { testChildren } from './child-processes.testing.ts'
import { KubectlFinder } from './kubectl-finder.ts'

describe.runIf(process.platform !== 'win32')('KubectlFinder', () => {
  let bed: ReturnType<typeof testChildren>
  let home = ''
  let setting: string | null = null

  beforeEach(() => {
    bed = testChildren()
    home = mkdtempSync(join(tmpdir(), 'mooring-kubectl-'))
    setting = null
  })
  afterEach(async () => {
    await bed.close()
    rmSync(home, { recursive: true, force: true })
  })

  /** A program in its own folder that counts how often it is asked. */
  const program = (folder: string, script: string): string => {
    mkdirSync(join(home, folder), { recursive: true })
    const path = join(home, folder, 'kubectl')
    writeFileSync(path, `#!/bin/sh\necho x >> '${home}/${folder}/asked'\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const answering = (version: string): string => `echo '{"clientVersion":{"gitVersion":"${version}"}}'`
  const finder = (...folders: string[]): KubectlFinder =>
    new KubectlFinder({
      children: bed.children,
      environment: () => Promise.resolve({ PATH: folders.map((folder) => join(home, folder)).join(':') }),
      kubectlPath: () => setting,
      log: silentLog,
      home,
      // A system without usual places, so that this machine's own kubectl does not mix in.
      os: 'freebsd',
    })

  it('chooses the first usable one and says why another is not', async () => {
    const broken = program('a', 'echo "exec format error" >&2; exit 126')
    const good = program('b', answering('v1.36.3'))
    const { chosen, found, searched } = await finder('a', 'b').status([])
    expect(chosen).toEqual({ path: good, version: 'v1.36.3', vendor: null, usable: true, problem: null })
    expect(found[0]).toMatchObject({
      path: broken,
      usable: false,
      problem: 'Asked for its version, it ended with code 126: exec format error.',
    })
    expect(searched).toEqual([join(home, 'a'), join(home, 'b')])
  })

  it('prefers the path of Settings, and goes on without it when it is gone', async () => {
    program('b', answering('v1.36.3'))
    setting = program('mine', answering('v1.35.0'))
    const look = finder('b')
    expect(await look.chosen()).toMatchObject({ ok: true, value: { path: setting, version: 'v1.35.0' } })
    rmSync(setting)
    expect(await look.chosen()).toMatchObject({ ok: true, value: { version: 'v1.36.3' } })
    const { found } = await look.status([])
    expect(found[0]).toMatchObject({ path: setting, usable: false, problem: 'There is no such file.' })
  })

  it('counts a program once however many names it has, and asks it once until it changes', async () => {
    const path = program('a', answering('v1.35.0'))
    mkdirSync(join(home, 'b'))
    symlinkSync(path, join(home, 'b', 'kubectl'))
    const look = finder('a', 'b')
    expect((await look.status([])).found).toHaveLength(1)
    await look.chosen()
    await look.status([])
    expect(readFileSync(join(home, 'a', 'asked'), 'utf8')).toBe('x\n')
    program('a', `echo changed > /dev/null; ${answering('v1.36.3')}`)
    const seen: (string | null)[] = []
    look.onChange((kubectl) => seen.push(kubectl?.version ?? null))
    expect(await look.chosen()).toMatchObject({ value: { version: 'v1.36.3' } })
    expect(seen).toEqual(['v1.36.3'])
  })

  it('finds one that is installed later', async () => {
    const look = finder('a')
    expect(await look.chosen()).toMatchObject({ ok: false, error: { code: 'kubectl-missing' } })
    program('a', answering('v1.36.3'))
    expect(await look.chosen()).toMatchObject({ ok: true })
  })

  it('does not wait for one that hangs', { timeout: 12_000 }, async () => {
    program('a', 'sleep 300')
    const result = await finder('a').chosen()
    expect(result).toMatchObject({
      ok: false,
      error: {
        code: 'kubectl-unusable',
        message: `The kubectl ${join(home, 'a', 'kubectl')} cannot be used. It did not answer within 5 s.`,
      },
    })
  })

  it('says which program it is, what it did, and what would mend it', async () => {
    const path = program('a', 'echo "kubectl: this file is damaged" >&2; exit 70')
    const why = async (): Promise<string> => {
      const result = await finder('a').chosen()
      if (result.ok) throw new Error('it is usable')
      expect(result.error.next).toMatch(/^(Repair it, install another|Install kubectl) \(.+\).* in Settings/)
      return result.error.message.replace(`The kubectl ${path} cannot be used. `, '')
    }
    expect(await why()).toBe('Asked for its version, it ended with code 70: kubectl: this file is damaged.')
    program('a', 'echo hello')
    expect(await why()).toMatch(/^Asked for its version, it gave none/)
    program('a', 'kill -9 $$')
    expect(await why()).toMatch(/^Asked for its version, it ended with SIGKILL\./)
    chmodSync(path, 0o644)
    expect(await why()).toBe(`It may not be run (chmod +x '${path}' allows it).`)
    chmodSync(path, 0o777)
    expect(await why()).toBe(`Everybody may write to ${path}.`)
    rmSync(path)
    expect(await why()).toBe('No kubectl was found on this machine.')
    setting = path
    expect(await why()).toBe('There is no such file.')
  })

  it('asks again one that did not answer: its file need not change for that', { timeout: 20_000 }, async () => {
    // The first time it hangs, as on a machine that has no time for it.
    program('a', `[ "$(wc -l < '${home}/a/asked')" -gt 1 ] || exec sleep 300\n${answering('v1.36.3')}`)
    const look = finder('a')
    expect(await look.chosen()).toMatchObject({ ok: false, error: { code: 'kubectl-unusable' } })
    expect(await look.chosen()).toMatchObject({ ok: true, value: { version: 'v1.36.3' } })
  })

  it('does not wait for a later one once it has a usable one', async () => {
    program('a', answering('v1.36.3'))
    program('b', 'sleep 300')
    const began = performance.now()
    expect(await finder('a', 'b').chosen()).toMatchObject({ ok: true, value: { version: 'v1.36.3' } })
    // The one that hangs is given up after 5 s.
    expect(performance.now() - began).toBeLessThan(4500)
  })

  it('warns of clusters that are too far away', async () => {
    program('a', answering('v1.36.3'))
    const { skew } = await finder('a').status([
      { id: '1', name: 'old', serverVersion: 'v1.30.1' },
      { id: '2', name: 'near', serverVersion: 'v1.35.1' },
      { id: '3', name: 'never seen', serverVersion: null },
    ])
    expect(skew.map(({ name }) => name)).toEqual(['old'])
  })
})
