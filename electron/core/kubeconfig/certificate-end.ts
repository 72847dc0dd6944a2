/** One element of DER: its tag, and where its content begins and ends. */
type Element = { tag: number; start: number; end: number }

const tagOf = { integer: 0x02, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, version: 0xa0 } as const

/**
 * When a certificate (DER) ends, in ms since the epoch; null: this is no certificate (RFC 5280, 4.1). Reads the frame
 * and the dates only: OpenSSL decodes the key as well, which took a sixth of the preview of a large kubeconfig.
 */
export function certificateEnd(der: Buffer): number | null {
  const certificate = elementAt(der, 0, der.length)
  if (certificate?.tag !== tagOf.sequence || certificate.end !== der.length) return null
  const [signed, algorithm, signature, ...rest] = elementsIn(der, certificate) ?? []
  if (signed?.tag !== tagOf.sequence || algorithm === undefined || signature === undefined || rest.length > 0)
    return null
  const fields = elementsIn(der, signed) ?? []
  const validity = fields[fields[0]?.tag === tagOf.version ? 4 : 3]
  if (validity?.tag !== tagOf.sequence) return null
  const notAfter = elementsIn(der, validity)?.[1]
  return notAfter === undefined ? null : timeOf(notAfter.tag, der.toString('latin1', notAfter.start, notAfter.end))
}

function elementAt(der: Buffer, at: number, limit: number): Element | null {
  const tag = der[at]
  const first = der[at + 1]
  if (tag === undefined || first === undefined || at + 2 > limit) return null
  // Lengths from 128 on say first in how many bytes they stand.
  const more = first < 0x80 ? 0 : first - 0x80
  if (more > 3 || at + 2 + more > limit || (first >= 0x80 && more === 0)) return null
  const length = more === 0 ? first : der.readUIntBE(at + 2, more)
  const start = at + 2 + more
  return start + length > limit ? null : { tag, start, end: start + length }
}

function elementsIn(der: Buffer, { start, end }: Element): Element[] | null {
  const elements: Element[] = []
  for (let at = start; at < end;) {
    const element = elementAt(der, at, end)
    if (element === null) return null
    elements.push(element)
    at = element.end
  }
  return elements
}

/** `YYMMDDHHMMSSZ` (1950 to 2049) or `YYYYMMDDHHMMSSZ`. */
function timeOf(tag: number, text: string): number | null {
  const parts = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  if (parts === null || (parts[1]?.length === 2) !== (tag === tagOf.utcTime)) return null
  if (tag !== tagOf.utcTime && tag !== tagOf.generalizedTime) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  const fullYear = tag === tagOf.generalizedTime ? year : year + (year < 50 ? 2000 : 1900)
  return Date.UTC(fullYear, month - 1, day, hour, minute, second)
}
