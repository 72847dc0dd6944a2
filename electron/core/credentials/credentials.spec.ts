import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { appError, fail, ok, type Result } from '../../../contract/errors.ts'
import type { Clock } from '../clock.ts'
import { systemClock } from '../clock.ts'
import { noHangMs } from '../fuzz.testing.ts'
import { Log, LogRing } from '../log.ts'
import type { KubeconfigEntry } from '../kubeconfig/entry.ts'
import { testChildren } from '../processes/child-processes.testing.ts'
import { until } from '../processes/child-processes.testing.ts'
import { Credentials } from './credentials.ts'
import { testEntry, testExec, testToken } from './credentials.testing.ts'

const hour = 3_600_000

/** Makes the certificate of one test. */
const openssl = process.env.OPENSSL ?? 'openssl'
const hasOpenssl = spawnSync(openssl, ['version']).status === 0
if (!hasOpenssl) console.warn('not run: client certificates (openssl is missing)')

describe.runIf(process.platform !== 'win32')('Credentials', () => {
  let bed: ReturnType<typeof testChildren>
  let folder = ''
  let entries: Record<string, Result<KubeconfigEntry>>
  let allowed: (command: string, args: readonly string[]) => boolean
  let environment: Record<string, string>
  let credentials: Credentials
  let skew = 0
  let monotonicSkew = 0
  const ring = new LogRing()
  // The system's clock, which a test may put forward.
  const clock: Clock = {
    ...systemClock,
    now: () => Date.now() + skew,
    monotonic: () => systemClock.monotonic() + monotonicSkew,
  }

  beforeEach(() => {
    environment = { PATH: process.env.PATH ?? '', LOGIN: 'yes', MOORING_PASSPHRASE: 'canary' }
    bed = testChildren({ environment: () => Promise.resolve(environment) })
    folder = mkdtempSync(join(tmpdir(), 'mooring-credentials-'))
    entries = {}
    allowed = () => true
    skew = 0
    monotonicSkew = 0
    credentials = new Credentials({
      entryOf: (id) => entries[id] ?? fail(appError('not-found', 'There is no such cluster.', 'Look again.')),
      allowed: { isAllowed: ({ command, args }) => allowed(command, args) },
      children: bed.children,
      shellEnvironment: { read: () => Promise.resolve(environment) },
      storeRefreshed: () => ok(undefined),
      clock,
      log: new Log([ring.sink]),
    })
  })
  afterEach(async () => {
    credentials.close()
    await bed.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const file = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  /** A credential command that counts its runs. */
  const plugin = (script: string): string => {
    const path = file('plugin', `#!/bin/sh\necho run >> '${folder}/runs'\n${script}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const runs = (): number =>
    existsSync(join(folder, 'runs')) ? readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n').length : 0
  const printing = (status: object): string =>
    `cat <<'EOF'\n${JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status })}\nEOF`
  /** It answers only when the file `told` is there. */
  const untilTold = (): string => `until [ -e '${folder}/told' ]; do sleep 0.02; done`
  const withPlugin = (script: string, more: Parameters<typeof testExec>[0] = {}): KubeconfigEntry =>
    testEntry({ exec: testExec({ command: plugin(script), ...more }) })

  describe('that a kubeconfig holds', () => {
    it('are a token', async () => {
      expect(await credentials.resolveEntry(testEntry({ token: 'abc' }))).toMatchObject({
        ok: true,
        value: { token: 'abc', expiresAt: null, server: 'https://api.example.test:6443' },
      })
    })

    it('are said to be expired before anybody is asked', async () => {
      const old = testToken(Date.parse('2020-01-01T00:00:00Z'))
      expect(await credentials.resolveEntry(testEntry({ token: old }))).toMatchObject({
        ok: false,
        error: {
          code: 'credentials-expired',
          detail: 'token',
          message: 'The token expired on 2020-01-01T00:00:00Z.',
        },
      })
    })

    it('tell when they end', async () => {
      const end = Math.floor((Date.now() + hour) / 1000) * 1000
      expect(await credentials.resolveEntry(testEntry({ token: testToken(end) }))).toMatchObject({
        value: { expiresAt: end },
      })
    })

    it('may be a token with a line break, which no header can carry', async () => {
      const result = await credentials.resolveEntry(testEntry({ token: 'abc\n' }))
      expect(result).toMatchObject({ ok: false, error: { code: 'credentials-rejected', detail: 'bad-token' } })
    })

    it('are read again from a token file when it changed', async () => {
      entries.a = ok(testEntry({ tokenFile: file('token', 'one\n'), token: 'in the kubeconfig' }))
      expect(await credentials.resolve('a')).toMatchObject({ value: { token: 'one' } })
      file('token', 'another\n')
      expect(await credentials.resolve('a')).toMatchObject({ value: { token: 'another' } })
      rmSync(join(folder, 'token'))
      expect(await credentials.resolve('a')).toMatchObject({ value: { token: 'in the kubeconfig' } })
    })

    it('name a file that is missing by its full path', async () => {
      const path = join(folder, 'nowhere')
      expect(await credentials.resolveEntry(testEntry({ tokenFile: path }))).toMatchObject({
        error: {
          code: 'credentials-rejected',
          detail: 'file-not-readable',
          message: expect.stringContaining(path) as string,
        },
      })
    })

    it('are not looked for in what is no file, never ends, never begins or fills the memory', async () => {
      const pipe = join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      truncateSync(file('long', ''), 64 * 1024 * 1024)
      const words = { '/dev/zero': 'is not a file', [pipe]: 'is not a file', [join(folder, 'long')]: 'is longer than' }
      for (const [path, why] of Object.entries(words)) {
        const start = performance.now()
        expect(await credentials.resolveEntry(testEntry({ tokenFile: path }))).toMatchObject({
          error: { detail: 'file-not-readable', message: expect.stringContaining(`${path} ${why}`) as string },
        })
        expect(performance.now() - start).toBeLessThan(noHangMs)
      }
      const certificate = await credentials.resolveEntry(
        testEntry({ token: 'abc' }, { certificateAuthority: '/dev/zero' }),
      )
      expect(certificate).toMatchObject({ error: { message: expect.stringContaining('/dev/zero is not') as string } })
    })

    it.runIf(hasOpenssl)('are a client certificate, whose end is told and looked at', async () => {
      const key = join(folder, 'key.pem')
      const certificate = join(folder, 'cert.pem')
      const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
      execFileSync(openssl, [...request, '-subj', '/CN=ann', '-keyout', key, '-out', certificate], {
        stdio: 'ignore',
      })
      entries.a = ok(testEntry({ clientCertificate: certificate, clientKey: key }))
      const result = await credentials.resolve('a')
      expect(result).toMatchObject({ ok: true, value: { clientCertificate: readFileSync(certificate, 'utf8') } })
      if (result.ok) expect(result.value.expiresAt).toBeGreaterThan(Date.now() + 29 * 24 * hour)
      skew = 31 * 24 * hour
      expect(await credentials.resolve('a')).toMatchObject({
        error: { code: 'credentials-expired', detail: 'client-certificate' },
      })
    })

    it('are basic, or nothing at all, and may speak for somebody else', async () => {
      expect(await credentials.resolveEntry(testEntry({ username: 'u', password: 'p' }))).toMatchObject({
        value: { basic: { username: 'u', password: 'p' }, impersonate: null },
      })
      expect(await credentials.resolveEntry(testEntry({ as: 'bob', asGroups: ['g'] }))).toMatchObject({
        value: { token: null, impersonate: { user: 'bob', uid: null, groups: ['g'], extra: {} } },
      })
    })

    it.each(['gcp', 'azure'])('of the removed provider %s are explained with what replaces it', async (name) => {
      const result = await credentials.resolveEntry(testEntry({ authProvider: { name, config: {} } }))
      expect(result).toMatchObject({ error: { code: 'credentials-rejected', detail: 'removed-auth-provider' } })
      expect(JSON.stringify(result)).toMatch(/gke-gcloud-auth-plugin|kubelogin/)
    })
  })

  describe('that a command gives', () => {
    it('come from the command with its own variables, the login environment and what the protocol asks for', async () => {
      const script =
        `printf '{"kind":"ExecCredential","apiVersion":"%s","status":{"token":"%s-%s-%s"}}' ` +
        `"$(echo "$KUBERNETES_EXEC_INFO" | sed 's/.*"apiVersion":"\\([^"]*\\)".*/\\1/')" "$OWN" "$LOGIN" "\${MOORING_PASSPHRASE:-none}"`
      const entry = withPlugin(script, { env: [{ name: 'OWN', value: 'own' }] })
      expect(await credentials.resolveEntry(entry)).toMatchObject({ ok: true, value: { token: 'own-yes-none' } })
    })

    it('are not asked for without a yes to exactly this command', async () => {
      const entry = withPlugin(printing({ token: 'abc' }), { args: ['--token=abcdefghij'] })
      allowed = (command, args) => command === entry.user.exec?.command && args.length === 0
      const result = await credentials.resolveEntry(entry)
      expect(result).toMatchObject({ ok: false, error: { code: 'credentials-command-not-allowed' } })
      expect(runs()).toBe(0)
      allowed = () => true
      expect(await credentials.resolveEntry(entry)).toMatchObject({ ok: true })
      allowed = () => false
      expect(await credentials.resolveEntry(entry)).toMatchObject({
        error: { code: 'credentials-command-not-allowed' },
      })
    })

    it('are asked for once, however many wait, and kept until they end', async () => {
      const status = { token: 'abc', expirationTimestamp: new Date(Date.now() + hour).toISOString() }
      const entry = withPlugin(`sleep 0.2; ${printing(status)}`)
      entries.a = ok(entry)
      entries.b = ok(entry)
      const seen: string[] = []
      credentials.onChange((id) => seen.push(id))
      await Promise.all(['a', 'b', 'a', 'b'].map((id) => credentials.resolve(id)))
      await credentials.resolve('a')
      expect(runs()).toBe(1)
      expect(seen.toSorted()).toEqual(['a', 'b'])
      skew = hour - 59_000
      await credentials.resolve('a')
      expect(runs()).toBe(2)
    })

    it('are got anew when the server said no, but not many times at once', async () => {
      entries.a = ok(withPlugin(printing({ token: 'abc' })))
      await credentials.resolve('a')
      skew = 10_000
      await Promise.all([1, 2, 3].map(() => credentials.resolve('a', { fresh: true })))
      await credentials.resolve('a', { fresh: true })
      expect(runs()).toBe(2)
    })

    it('differ between clusters when the command is told about the cluster', async () => {
      const exec = testExec({ command: plugin(printing({ token: 'abc' })), provideClusterInfo: true })
      await credentials.resolveEntry(testEntry({ exec }, { server: 'https://one' }))
      await credentials.resolveEntry(testEntry({ exec }, { server: 'https://two' }))
      expect(runs()).toBe(2)
    })

    it('that cannot be had are explained with the command’s last words, secrets masked', async () => {
      const script = `echo "The SSO session has expired" >&2; echo "token: hunter2hunter2" >&2; exit 255`
      const result = await credentials.resolveEntry(withPlugin(script))
      expect(result).toMatchObject({
        ok: false,
        error: {
          code: 'credentials-command-failed',
          detail: expect.stringContaining('The SSO session has expired') as string,
          message: 'plugin ended with code 255.',
        },
      })
      expect(JSON.stringify(result)).not.toContain('hunter2')
    })

    it('that cannot be had are tried again for a person who asks, and for nobody else within a minute', async () => {
      entries.a = ok(withPlugin('exit 1'))
      const before = Date.now() + skew
      await credentials.resolve('a')
      await credentials.resolve('a')
      await credentials.resolve('a', { since: before })
      skew = 59_000
      await credentials.resolve('a')
      expect(runs()).toBe(1)
      await credentials.resolve('a', { since: Date.now() + skew })
      expect(runs()).toBe(2)
      skew = 121_000
      await credentials.resolve('a')
      expect(runs()).toBe(3)
    })

    it('name a command that is missing, with the hint of its kubeconfig', async () => {
      const exec = testExec({ command: 'no-such-plugin', installHint: 'Install it\u001b[31m from here' })
      expect(await credentials.resolveEntry(testEntry({ exec }))).toMatchObject({
        error: {
          code: 'credentials-command-missing',
          detail: 'no-such-plugin',
          next: 'Install it [31m from here',
        },
      })
      const relative = testExec({ command: './plugin' })
      expect(await credentials.resolveEntry(testEntry({ exec: relative }))).toMatchObject({
        error: { code: 'credentials-command-missing', next: expect.stringContaining('full path') as string },
      })
    })

    it.each([
      [{ interactiveMode: 'Always' }, 'interactive'],
      [{ apiVersion: 'client.authentication.k8s.io/v1alpha1' }, 'api-version'],
    ])('are not asked for with %j', async (more, detail) => {
      const result = await credentials.resolveEntry(withPlugin(printing({ token: 'abc' }), more))
      expect(result).toMatchObject({ error: { code: 'credentials-command-failed', detail } })
      expect(runs()).toBe(0)
    })

    it('never show in a refusal or a log, even when what was printed cannot be used', async () => {
      const result = await credentials.resolveEntry(withPlugin(printing({ token: 'canary\n' })))
      expect(result).toMatchObject({ ok: false, error: { code: 'credentials-command-failed', detail: 'output' } })
      expect(JSON.stringify([result, ring.entries()])).not.toContain('canary')
    })

    it('are given up when nobody waits any more, and asked for anew by the next', async () => {
      const entry = withPlugin(`[ -e '${folder}/second' ] || sleep 300; ${printing({ token: 'abc' })}`)
      const controller = new AbortController()
      const first = credentials.resolveEntry(entry, { signal: controller.signal })
      await until(() => runs() === 1)
      controller.abort()
      expect(await first).toMatchObject({ ok: false, error: { detail: 'cancelled' } })
      file('second', '')
      expect(await credentials.resolveEntry(entry)).toMatchObject({ ok: true, value: { token: 'abc' } })
    })
  })

  it('wait for the vault, and say so', async () => {
    entries.a = fail(appError('vault-locked', 'The vault is locked.', 'Unlock it.'))
    expect(await credentials.resolve('a')).toMatchObject({ error: { code: 'vault-locked', next: 'Unlock it.' } })
  })

  it('are forgotten when the cluster’s kubeconfig changes', async () => {
    entries.a = ok(withPlugin(printing({ token: 'abc' })))
    await credentials.resolve('a')
    credentials.invalidate('a')
    await credentials.resolve('a')
    expect(runs()).toBe(2)
  })

  it('are forgotten when the vault is locked, also those that were on their way', async () => {
    entries.a = ok(withPlugin(printing({ token: 'abc' })))
    await credentials.resolve('a')
    entries.b = ok(withPlugin(`${untilTold()}; ${printing({ token: 'def' })}`, { args: ['slow'] }))
    const onItsWay = credentials.resolve('b')
    await until(() => runs() === 2)
    credentials.forget()
    file('told', '')
    await onItsWay
    await Promise.all(['a', 'b'].map((id) => credentials.resolve(id)))
    expect(runs()).toBe(4)
  })

  it.each(['vault-locked', 'not-found'] as const)(
    'that were on their way are given to nobody any more once the answer is %s',
    async (code) => {
      entries.a = ok(withPlugin(`${untilTold()}; ${printing({ token: 'abc' })}`))
      const onItsWay = credentials.resolve('a')
      const changed: string[] = []
      credentials.onChange((id) => changed.push(id))
      await until(() => runs() === 1)
      entries.a = fail(appError(code, 'It is away.', 'Look again.'))
      if (code === 'not-found') credentials.invalidate('a')
      else credentials.forget()
      file('told', '')
      expect(await onItsWay).toMatchObject({ ok: false, error: { message: 'It is away.' } })
      expect(changed).toEqual([])
    },
  )

  it('that were on their way are the new ones when the kubeconfig changed meanwhile', async () => {
    entries.a = ok(withPlugin(`${untilTold()}; ${printing({ token: 'abc' })}`))
    const onItsWay = credentials.resolve('a')
    await until(() => runs() === 1)
    entries.a = ok(testEntry({ token: 'another' }))
    credentials.invalidate('a')
    file('told', '')
    expect(await onItsWay).toMatchObject({ ok: true, value: { token: 'another' } })
  })

  it('of a kubeconfig that was only tested are forgotten after a minute', async () => {
    const entry = withPlugin(printing({ token: 'abc' }))
    await credentials.resolveEntry(entry)
    await credentials.resolveEntry(entry)
    expect(runs()).toBe(1)
    monotonicSkew = 61_000
    await credentials.resolveEntry(testEntry({ token: 'another' }))
    monotonicSkew = 0
    await credentials.resolveEntry(entry)
    expect(runs()).toBe(2)
  })

  it('go through the proxy of the kubeconfig, else of the environment', async () => {
    const own = testEntry({ token: 'a' }, { proxyUrl: 'socks5://127.0.0.1:1080' })
    environment = { ...environment, HTTPS_PROXY: 'http://proxy:3128' }
    expect(await credentials.resolveEntry(own)).toMatchObject({ value: { proxyUrl: 'socks5://127.0.0.1:1080' } })
    const none = testEntry({ token: 'a' })
    expect(await credentials.resolveEntry(none)).toMatchObject({ value: { proxyUrl: 'http://proxy:3128' } })
  })
})
