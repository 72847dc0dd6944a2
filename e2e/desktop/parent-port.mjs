// Gives a forked process the `process.parentPort` of an Electron utility process, and its end with the parent.
import { EventEmitter } from 'node:events'

const port = new EventEmitter()
port.postMessage = (message) => void process.send(message, () => undefined)
// Not before somebody listens, as a port of Electron: what came earlier waits.
port.on('newListener', (name) => {
  if (name !== 'message' || port.listenerCount(name) > 0) return
  process.on('message', (data) => port.emit('message', { data }))
})
process.parentPort = port
process.on('disconnect', () => process.exit(0))
