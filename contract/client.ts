import { type AppError, type Result } from './errors.ts'
import type { EventMessage, StreamName } from './events.ts'
import { type OperationInput, type OperationName, type OperationOutput, operationNames } from './operations.ts'

/** How a client reaches the owner: IPC, HTTP, or a local socket. The rest is the same for all of them. */
export type Transport = {
  call(name: OperationName, input: unknown, signal?: AbortSignal): Promise<Result<unknown>>
  /** Delivers messages of a stream until the returned function is called; reconnects by itself. */
  subscribe(stream: StreamName, listener: (message: EventMessage) => void): () => void
  /** Tells whether the owner can be reached, at once and on every change. */
  onConnection(listener: (state: ConnectionState) => void): () => void
}

/** Whether the owner can be reached; `retryAt`: when it is tried again, ms since the epoch, null: nobody tries. */
export type ConnectionState =
  { state: 'connecting' | 'connected' } | { state: 'lost'; error: AppError; retryAt: number | null }

type Verb<Name extends string> = Name extends `${string}.${infer Rest}` ? Rest : never
type Area<Name extends string> = Name extends `${infer Head}.${string}` ? Head : never
type Call<Name extends OperationName> = (
  ...args: Record<string, never> extends OperationInput<Name>
    ? [input?: OperationInput<Name>, signal?: AbortSignal]
    : [input: OperationInput<Name>, signal?: AbortSignal]
) => Promise<Result<OperationOutput<Name>>>

/** `client.clusters.add({...})`: one function per operation, typed from its declaration. */
export type Client = {
  [A in Area<OperationName>]: { [Name in OperationName as Area<Name> extends A ? Verb<Name> : never]: Call<Name> }
} & Pick<Transport, 'subscribe' | 'onConnection'>

/** Makes the typed client of an owner over whatever reaches it. */
export function createClient(transport: Transport): Client {
  const areas: Record<string, Record<string, unknown>> = {}
  for (const name of operationNames) {
    const [area = '', verb = ''] = name.split('.')
    const calls = (areas[area] ??= {})
    calls[verb] = (input: unknown = {}, signal?: AbortSignal) => transport.call(name, input, signal)
  }
  return {
    ...areas,
    subscribe: transport.subscribe.bind(transport),
    onConnection: transport.onConnection.bind(transport),
  } as Client
}
