import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Result } from '../../../../contract/errors.ts'
import { systemClock } from '../../clock.ts'
import { kubeconfigForChild } from '../../credentials/kubectl-kubeconfig.ts'
import { createPlatform } from '../../platform/platform.ts'
import { testChildren } from '../../processes/child-processes.testing.ts'
import { silentLog } from '../../store/store.testing.ts'
import { kubectlTunnelFactory } from './kubectl-tunnel.ts'
import { someRequest } from './tunnel.testing.ts'
import type { Tunnel, TunnelFailure, TunnelRequest } from './tunnel.ts'

/** Makes tunnels through small programs that stand in for kubectl, and notes what they tell; `close()` ends them. */
export class KubectlStandIns {
  limits = { maxChildren: 128, maxStarting: 4 }
  readonly platform = createPlatform()
  readonly bed = testChildren({ limits: () => this.limits })
  readonly folder = mkdtempSync(join(tmpdir(), 'mooring-kubectl-'))
  ready = 0
  waits: boolean[] = []
  reopening: TunnelFailure[] = []
  lost: TunnelFailure[] = []
  lines: string[] = []
  connectionsLost: { count: number; failure: TunnelFailure }[] = []
  readonly #tunnels: Tunnel[] = []
  #programs = 0

  get clientsLost(): number {
    return this.connectionsLost.reduce((sum, { count }) => sum + count, 0)
  }

  /** A program in the place of kubectl; answers its path. */
  script(text: string): string {
    const path = join(this.folder, `kubectl-${this.#programs++}`)
    writeFileSync(path, `#!/bin/sh\n${text}\n`)
    chmodSync(path, 0o755)
    return path
  }

  /** The same in JavaScript: it has `net` to listen with, and is told whether this is its `first` run. */
  program(text: string): string {
    const file = join(this.folder, `program-${this.#programs}.mjs`)
    const prelude = `import net from 'node:net'
      import { existsSync, writeFileSync } from 'node:fs'
      const first = !existsSync('${file}.ran')
      if (first) writeFileSync('${file}.ran', '')`
    writeFileSync(file, `${prelude}\n${text}`)
    return this.script(`exec '${process.execPath}' '${file}' "$@"`)
  }

  /** One that takes connections and treats each `socket` so; `sockets` are all of them. */
  listening(onConnection: string): string {
    return this.program(`const sockets = []
      const server = net.createServer({ allowHalfOpen: true }, (socket) => {
        sockets.push(socket)
        socket.on('error', () => {})
        ${onConnection}
      })
      server.listen(0, '127.0.0.1', () => console.log('Forwarding from 127.0.0.1:' + server.address().port + ' -> 8080'))`)
  }

  start(kubectl: Result<{ path: string }>, clock = systemClock, request: TunnelRequest = someRequest()): Tunnel {
    const factory = kubectlTunnelFactory({
      children: this.bed.children,
      kubectl: () => Promise.resolve(kubectl),
      kubeconfigFor: kubeconfigForChild,
      clock,
      log: silentLog,
      platform: this.platform,
    })
    const tunnel = factory(request, {
      waits: (waits) => this.waits.push(waits),
      ready: () => (this.ready += 1),
      reopening: (failure) => this.reopening.push(failure),
      evidence: () => undefined,
      connectionsLost: (count, failure) => this.connectionsLost.push({ count, failure }),
      lost: (failure) => this.lost.push(failure),
      line: (stream, text) => this.lines.push(`${stream}: ${text}`),
    })
    this.#tunnels.push(tunnel)
    return tunnel
  }

  async close(): Promise<void> {
    await Promise.all(this.#tunnels.map((tunnel) => tunnel.close()))
    await this.bed.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
