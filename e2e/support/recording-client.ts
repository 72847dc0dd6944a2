import { createClient, type Client, type Transport } from '../../contract/client.ts'

/** Something an owner said to a client, and in answer to what. */
export type Told = { readonly where: string; readonly text: string }

/** A client that keeps whatever the owner says to it: answers, errors and events. */
export function recordingClient(transport: Transport, told: Told[]): Client {
  const keep = (where: string, what: unknown): void => void told.push({ where, text: JSON.stringify(what) })
  return createClient({
    ...transport,
    call: async (name, input, signal) => {
      const answer = await transport.call(name, input, signal)
      keep(name, answer)
      return answer
    },
    subscribe: (stream, listener) =>
      transport.subscribe(stream, (message) => {
        keep(`event ${stream.split(':')[0] ?? ''}`, message)
        listener(message)
      }),
  })
}
