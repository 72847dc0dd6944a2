import type { ConnectionState } from './client.ts'
import type { Result } from './errors.ts'
import type { EventMessage, StreamName } from './events.ts'
import type { OperationName } from './operations.ts'

/** What the preload script puts on `window.mooring`: the only way from the page to the desktop shell. */
export type Bridge = {
  /** With a number, of the page's own choice, the call can be given up by {@link Bridge.cancel}. */
  call(name: OperationName, input: unknown, number?: number): Promise<Result<unknown>>
  /** Gives up a call that is under way; its answer is `cancelled`, or whatever came first. */
  cancel(number: number): void
  /** Delivers messages of a stream, a snapshot first, until the returned function is called. */
  subscribe(stream: StreamName, listener: (message: EventMessage) => void): () => void
  /** Tells whether the owner can be reached, at once and on every change. */
  onConnection(listener: (state: ConnectionState) => void): () => void
  shell: ShellBridge
}

/** A file that the user chose, with its full path where that is known. */
export type ChosenFile = { name: string; base64: string; path?: string }

/** What only a desktop window can do. */
export type ShellBridge = {
  /** Lets the user choose one file and reads it; null: they chose none. */
  chooseFile(): Promise<Result<ChosenFile> | null>
  /** Opens an http or https address in the user's browser; false: refused. */
  openExternal(url: string): Promise<boolean>
  /** Asks for the full path of a program (kubectl), where the shell can; null: they chose none. */
  choosePath?(): Promise<string | null>
}
