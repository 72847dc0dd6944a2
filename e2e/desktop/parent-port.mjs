// Gives a forked process the `process.parentPort` of an Electron utility process, and its end with the parent.
import { EventEmitter } from 'node:events'

const port = new EventEmitter()
port.postMessage = (message) => void process.send(message, () => undefined)
port.once('newListener', (name) => {
  if (name === 'message') process.on('message', (data) => port.emit('message', { data }))
})
process.parentPort = port
process.on('disconnect', () => process.exit(0))
