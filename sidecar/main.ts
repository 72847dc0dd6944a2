// First: it must come before anything asynchronous.
import '../network/thread-pool.ts'
import { openChannel } from './channel.ts'
import { ClusterRegistry } from './cluster-registry.ts'
import { MessageRouter } from './message-router.ts'

/**
 * The sidecar: talks to the Kubernetes API for the main process. It holds only what can be rebuilt, and ends with the
 * process that started it.
 */
const channel = openChannel()
if (channel === null) {
  process.stderr.write('this program is started by Mooring and does nothing alone\n')
  process.exit(64)
}

const registry = new ClusterRegistry()
const stop = (): void => {
  router.close()
  registry.close()
  process.exit(0)
}
const router = new MessageRouter({ registry, send: (message) => channel.send(message), stop })

// A terminal sends these to the whole group; the main process decides when we end.
process.on('SIGINT', () => undefined)
process.on('SIGHUP', () => undefined)
process.on('SIGTERM', stop)
channel.onClose(stop)
channel.onMessage((message) => router.receive(message))
channel.send({ kind: 'ready', pid: process.pid })
