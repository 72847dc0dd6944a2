import { InvalidArgumentError } from 'commander'
import {
  kindOfWord,
  type CreateForwardInput,
  type PortInput,
  type RemotePort,
  type Target,
} from '../../contract/forwards.ts'

/** `svc/web`, `pod/web-0`, or a label selector: `app=web`, `selector/app in (web, shop)`. Throws words for the user, which count as wrong usage. */
export function parseTarget(text: string): Target {
  const slash = text.indexOf('/')
  const word = slash < 0 ? null : text.slice(0, slash)
  const rest = text.slice(slash + 1)
  if (word === 'selector') return { kind: 'selector', selector: rest }
  const known = word === null ? null : kindOfWord(word)
  // The name of a label may hold a slash too.
  if (known === null && text.includes('=')) return { kind: 'selector', selector: text }
  const kind = word === null ? 'pod' : known
  if (kind === null || rest === '')
    throw new InvalidArgumentError(
      `${text} is not a target. Write kind/name, for example svc/web, deploy/web, pod/web-0, or app=web.`,
    )
  return { kind, name: rest }
}

const notAPort = (text: string): InvalidArgumentError =>
  new InvalidArgumentError(
    `${text} is not a port. Write REMOTE or LOCAL:REMOTE, for example 8080, http, 9000:http or :http.`,
  )

/** A port's number (`lowest` to 65535) or, where `named`, its name. */
function port(text: string, whole: string, lowest: number, named: boolean): RemotePort {
  if (!/^\d+$/.test(text)) {
    if (!named || text === '') throw notAPort(whole)
    return text
  }
  const number = Number(text)
  if (number < lowest || number > 65_535) throw notAPort(whole)
  return number
}

/**
 * `8080`, `http`, `9000:8080`, `9000:http`; `:8080` and a port alone let Mooring choose the local port and keep it.
 * Throws words for the user, which count as wrong usage.
 */
export function parsePort(text: string): PortInput {
  const parts = text.split(':')
  if (parts.length > 2) throw notAPort(text)
  const [local = '', remote] = parts.length === 1 ? ['', text] : parts
  return {
    remote: port(remote ?? '', text, 1, true),
    local: local === '' ? 0 : Number(port(local, text, 0, false)),
    bind: '127.0.0.1',
  }
}

/** The input of `forwards.create` from what stands on the command line. */
export function addForward(given: {
  clusterId: string
  namespace: string
  target: Target
  ports: PortInput[]
  name: string | undefined
  off: boolean
}): CreateForwardInput {
  const { name, off, ...rest } = given
  return { ...rest, desired: off ? 'off' : 'on', ...(name === undefined ? {} : { name }) }
}
