import { contextBridge, ipcRenderer } from 'electron'
import type { Bridge } from '../contract/bridge.ts'
import { bridgeChannels, type BridgeEvent } from './shell/bridge.ts'

/**
 * The one door between the page and the main process. It hands over plain data and functions of fixed names;
 * nothing of Electron or Node reaches the page.
 */
const listeners = { message: new Set<(value: unknown) => void>(), connection: new Set<(value: unknown) => void>() }

ipcRenderer.on(bridgeChannels.event, (_event, value: BridgeEvent) => {
  const wanted = value.kind === 'message' ? listeners.message : listeners.connection
  for (const listener of wanted) listener(value.kind === 'message' ? value.message : value.state)
  ipcRenderer.send(bridgeChannels.taken, value.number)
})

function listen(set: Set<(value: unknown) => void>, listener: (value: never) => void): () => void {
  const own = (value: unknown): void => listener(value as never)
  set.add(own)
  return () => void set.delete(own)
}

const subscribed = new Map<string, number>()

const bridge: Bridge = {
  call: (name, input, number) =>
    ipcRenderer.invoke(bridgeChannels.call, name, input, number) as ReturnType<Bridge['call']>,
  cancel: (number) => ipcRenderer.send(bridgeChannels.cancel, number),
  subscribe: (stream, listener) => {
    const end = listen(listeners.message, (message: { stream: string }) => {
      if (message.stream === stream) listener(message as never)
    })
    subscribed.set(stream, (subscribed.get(stream) ?? 0) + 1)
    ipcRenderer.send(bridgeChannels.subscribe, stream)
    return () => {
      end()
      const left = (subscribed.get(stream) ?? 1) - 1
      subscribed.set(stream, left)
      if (left === 0) ipcRenderer.send(bridgeChannels.unsubscribe, stream)
    }
  },
  onConnection: (listener) => {
    const end = listen(listeners.connection, listener)
    ipcRenderer.send(bridgeChannels.connection)
    return end
  },
  shell: {
    chooseFile: () => ipcRenderer.invoke(bridgeChannels.chooseFile) as ReturnType<Bridge['shell']['chooseFile']>,
    choosePath: () => ipcRenderer.invoke(bridgeChannels.choosePath) as Promise<string | null>,
    openExternal: (url) => ipcRenderer.invoke(bridgeChannels.openExternal, url) as Promise<boolean>,
  },
}

contextBridge.exposeInMainWorld('mooring', bridge)
