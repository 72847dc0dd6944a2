import { createInterface } from 'node:readline'
import { utilityProcess, type UtilityProcess } from 'electron'
import { sidecarEnvironment } from '../core/sidecar/fork-launcher.ts'
import type { SidecarLauncher } from '../core/sidecar/sidecar-launcher.ts'

/** What was written last may be read after the exit is known; it is not waited for longer, in ms. */
const lastLinesMs = 500

/** Starts the sidecar (`entry`: its bundle) as an Electron utility process: it ends with the app, whatever ends the app. */
export function createUtilityLauncher(entry: string): SidecarLauncher {
  return (events, more = {}) => {
    let child: UtilityProcess
    try {
      child = utilityProcess.fork(entry, [], {
        serviceName: 'Mooring sidecar',
        stdio: 'pipe',
        env: { ...sidecarEnvironment(process.env), ...more },
      })
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      queueMicrotask(() => events.exited({ code: null, signal: null, error: words }))
      return { pid: null, send: () => undefined, kill: () => undefined }
    }
    let over = false
    const linesEnd = (['stdout', 'stderr'] as const).map((stream) =>
      readLines(child, stream, (text) => events.line(stream, text)),
    )
    child.once('spawn', () => {
      if (child.pid !== undefined) events.started?.(child.pid)
    })
    child.on('message', (message: unknown) => {
      if (!over) events.message(message)
    })
    child.once('exit', (code) => {
      over = true
      const end = (): void => events.exited({ code, signal: null, error: null })
      const limit = new Promise((resolve) => setTimeout(resolve, lastLinesMs))
      void Promise.race([Promise.all(linesEnd), limit]).then(end)
    })
    return {
      get pid() {
        return child.pid ?? null
      },
      send: (message) => {
        if (!over) child.postMessage(message)
      },
      kill: () => end(child),
    }
  }
}

/** Electron's own `kill` asks (SIGTERM); a sidecar that hangs or is stopped does not listen. */
function end(child: UtilityProcess): void {
  const { pid } = child
  if (pid === undefined) return
  if (process.platform === 'win32') child.kill()
  else process.kill(pid, 'SIGKILL')
}

function readLines(child: UtilityProcess, stream: 'stdout' | 'stderr', onLine: (text: string) => void): Promise<void> {
  const source = child[stream]
  if (source === null) return Promise.resolve()
  const lines = createInterface({ input: source, crlfDelay: Infinity })
  lines.on('line', onLine)
  return new Promise((resolve) => lines.once('close', resolve))
}
