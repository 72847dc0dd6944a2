import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitUntil } from './wait-until.ts'

/** Shows the dialogues of gnome-keyring; where Debian's gcr package puts it. */
const prompter = '/usr/libexec/gcr-prompter'
const programs = ['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon', 'secret-tool']

/** The programs a real Secret Service needs that are missing here; empty: it can run. */
export const missingPrograms = (): string[] =>
  programs.filter((program) => spawnSync(program, ['--version']).error !== undefined)

/** The programs that a dialogue of the Secret Service needs besides, and that are missing here. */
export const missingForDialogues = (): string[] => [
  ...missingPrograms(),
  ...(existsSync(prompter) ? [] : ['gcr-prompter']),
  ...(spawnSync('Xvfb', ['-help']).error === undefined ? [] : ['Xvfb']),
]

/**
 * A session bus of its own with a real Secret Service (gnome-keyring) on it, as a person's desktop session has one.
 * Nothing is started by the bus itself, so a test says exactly what is there.
 */
export class DesktopSession {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mooring-session-'))
  readonly #socket = join(this.#folder, 'bus')
  #bus: ChildProcess | null = null
  #keyring: ChildProcess | null = null
  #prompter: ChildProcess | null = null

  /** For programs that belong to this session. */
  get environment(): Record<string, string> {
    return {
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${this.#socket}`,
      XDG_DATA_HOME: join(this.#folder, 'data'),
      XDG_RUNTIME_DIR: this.#folder,
      XDG_CACHE_HOME: join(this.#folder, 'cache'),
      HOME: this.#folder,
    }
  }

  async startBus(): Promise<void> {
    const configuration = join(this.#folder, 'bus.conf')
    writeFileSync(
      configuration,
      `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
        "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
      <busconfig><type>session</type><listen>unix:path=${this.#socket}</listen><auth>EXTERNAL</auth>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
      </busconfig>`,
    )
    this.#bus = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork'], { stdio: 'ignore' })
    await waitUntil('the session bus', 10, () => this.#busSays('ListNames') !== null)
  }

  /** Starts the keyring; without the password its collection stays locked. */
  async startKeyring(password: string | null): Promise<void> {
    mkdirSync(join(this.#folder, 'data', 'keyrings'), { recursive: true, mode: 0o700 })
    const unlock = password === null ? [] : ['--unlock']
    this.#keyring = spawn('gnome-keyring-daemon', ['--foreground', '--components=secrets', ...unlock], {
      env: { ...process.env, ...this.environment },
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#keyring.stdin?.end(password === null ? '' : `${password}\n`)
    await waitUntil(
      'the Secret Service',
      10,
      () => this.#busSays('ListNames')?.includes('org.freedesktop.secrets') === true,
    )
    if (password !== null) await waitUntil('an open collection', 10, () => this.#canStore())
  }

  /** Lets the keyring show its dialogues on a display, where nobody answers them. */
  async showDialogues(display: string): Promise<void> {
    this.#prompter = spawn(prompter, [], {
      env: { ...process.env, ...this.environment, DISPLAY: display, NO_AT_BRIDGE: '1' },
      stdio: 'ignore',
    })
    await waitUntil('the prompter', 10, () => this.#busSays('ListNames')?.includes('SystemPrompter') === true)
  }

  async stopKeyring(): Promise<void> {
    await end(this.#keyring)
    this.#keyring = null
  }

  /** What Mooring keeps in this keyring: account and secret, as another program of the session reads them. */
  entries(): { account: string; secret: string }[] {
    const { stdout, stderr } = this.#run('secret-tool', ['search', '--all', '--unlock', 'service', 'Mooring'])
    const text = `${stdout}\n${stderr}`
    const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '')
    const secrets = all(/^secret = (.*)$/gm)
    return all(/^attribute\.username = (.*)$/gm).map((account, index) => ({ account, secret: secrets[index] ?? '' }))
  }

  /** Deletes the keyring's files, as a person does who resets a forgotten keyring password. */
  deleteKeyrings(): void {
    rmSync(join(this.#folder, 'data', 'keyrings'), { recursive: true, force: true })
  }

  async close(): Promise<void> {
    await end(this.#prompter)
    await this.stopKeyring()
    await end(this.#bus)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #canStore(): boolean {
    const stored = this.#run('secret-tool', ['store', '--label=probe', 'mooring', 'probe'], 'probe').status === 0
    if (stored) this.#run('secret-tool', ['clear', 'mooring', 'probe'])
    return stored
  }

  #busSays(method: string): string | null {
    const asked = this.#run('dbus-send', [
      '--session',
      '--print-reply',
      '--dest=org.freedesktop.DBus',
      '/org/freedesktop/DBus',
      `org.freedesktop.DBus.${method}`,
    ])
    return asked.status === 0 ? asked.stdout : null
  }

  #run(program: string, args: string[], input = '') {
    const env = { ...process.env, ...this.environment }
    return spawnSync(program, args, { env, input, encoding: 'utf8', timeout: 10_000 })
  }
}

async function end(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}
