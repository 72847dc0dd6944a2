import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import path from 'node:path'
import type { BedDescription } from './description.ts'
import { changeSettings, fault, waitForStandstill, type Fault } from './faults.ts'
import type { IssuerSettings } from './issuer.ts'
import type { LoginSettings } from './login-plugin.ts'
import type { ProxySettings } from './proxies.ts'
import { mustRun } from './run-command.ts'

type BedFolder = Pick<BedDescription, 'folder'>

/** Freezes a process, a kubectl child for instance; undo lets it go on if it is still there. */
export async function pauseProcess(pid: number): Promise<Fault> {
  process.kill(pid, 'SIGSTOP')
  await waitForStandstill(pid)
  return fault(() => {
    try {
      process.kill(pid, 'SIGCONT')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    return Promise.resolve()
  })
}

/** A kubectl of one's own, which `hideFile` can make vanish without harm to others. The folder goes with the bed. */
export async function privateKubectl(description: BedDescription): Promise<string> {
  const folder = await fs.mkdtemp(path.join(description.folder, 'kubectl-'))
  const file = path.join(folder, 'kubectl')
  await fs.copyFile(description.kubectl, file)
  await fs.chmod(file, 0o755)
  return file
}

/** The file is gone until undo, as if somebody had uninstalled it. */
export async function hideFile(file: string): Promise<Fault> {
  await fs.rename(file, `${file}.hidden`)
  return fault(() => fs.rename(`${file}.hidden`, file))
}

/** A program that holds a local port and greets each client with `taken`; `pid` is its process. Undo ends it. */
export async function takePort(port: number, address = '127.0.0.1'): Promise<Fault & { pid: number; port: number }> {
  const script = `require('node:net').createServer((c) => c.end('taken\\n')).listen(${port}, '${address}', function () {
    console.log(this.address().port)
  })`
  const words = ['--pdeathsig', 'KILL', '--', process.execPath, '-e', script]
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = await Promise.race([
    once(child.stdout, 'data').then(([data]) => String(data)),
    once(child, 'exit').then(() => ''),
  ])
  if (child.pid === undefined || said === '') throw new Error(`nobody could listen on ${address}:${port}`)
  const undone = fault(async () => {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  })
  return { ...undone, pid: child.pid, port: Number(said) }
}

/** A folder on a file system of its own that can be filled up. */
export type SmallDisk = Fault & {
  folder: string
  /** Leaves no byte: the next write fails with ENOSPC. */
  fill: () => Promise<void>
  /** Takes the filling away again. */
  free: () => Promise<void>
}

/** Mounts a small disk (root only); `undo` unmounts it, and so does the end of the bed. */
export async function smallDisk(description: BedFolder, bytes = 4 * 1024 * 1024): Promise<SmallDisk> {
  const folder = await fs.mkdtemp(path.join(description.folder, 'disk-'))
  await mustRun('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', folder])
  const filling = path.join(folder, '.filling')
  const unmounted = fault(async () => {
    await mustRun('umount', ['-l', folder])
    await fs.rmdir(folder)
  })
  return {
    ...unmounted,
    folder,
    fill: async () => {
      const file = await fs.open(filling, 'a')
      try {
        // Large blocks first, then page by page up to the brim.
        for (const size of [65_536, 4096, 1]) {
          const block = Buffer.alloc(size)
          try {
            for (;;) await file.write(block)
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
          }
        }
      } finally {
        await file.close()
      }
    },
    free: () => fs.rm(filling, { force: true }),
  }
}

/**
 * How the exec credential plugin (user `exec`) behaves from its next run on: `{ lifetimeSeconds: 2 }` makes its token
 * expire, `{ mode: 'fail' }` ends its session, `{ mode: 'hang' }` never answers.
 */
export function loginPlugin(description: BedFolder, settings: Partial<LoginSettings>): Promise<Fault> {
  return changeSettings<LoginSettings>(path.join(description.folder, 'login.json'), settings)
}

/** How often the plugin has been run since the bed is up. */
export async function loginRuns(description: BedFolder): Promise<number> {
  const log = await fs.readFile(path.join(description.folder, 'login.log'), 'utf8').catch(() => '')
  return log.split('\n').filter(Boolean).length
}

/** How the issuer treats refresh tokens (user `oidc-refresh`) from now on. */
export function issuerBehaviour(description: BedFolder, settings: Partial<IssuerSettings>): Promise<Fault> {
  return changeSettings<IssuerSettings>(path.join(description.folder, 'issuer', 'settings.json'), settings)
}

/** How both proxies treat new connections: refuse them (407, 502), let them hang, reset them, or cut them when idle. */
export function proxyBehaviour(description: BedFolder, settings: Partial<ProxySettings>): Promise<Fault> {
  return changeSettings<ProxySettings>(path.join(description.folder, 'proxy.json'), settings)
}
