import { certificateEnd } from './certificate-end.ts'

export type CertificateFacts =
  | { state: 'bad-base64' }
  | { state: 'unreadable' }
  /** `notAfter` in ms since the epoch: of the first certificate, and the last of all to end. */
  | { state: 'readable'; notAfter: number; lastNotAfter: number; count: number }

/** Standard base64 as Go decodes it: padded, line breaks ignored, nothing else. */
export function decodeBase64(data: string): Buffer | null {
  const compact = data.includes('\n') || data.includes('\r') ? data.replaceAll(/[\r\n]/g, '') : data
  if (compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(compact)) return null
  return Buffer.from(compact, 'base64')
}

const pemCertificate = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/** Reads certificates; each distinct text is decoded once, because files repeat one CA many times. */
export class CertificateReader {
  readonly #known = new Map<string, CertificateFacts>()

  read(data: string): CertificateFacts {
    let facts = this.#known.get(data)
    if (facts === undefined) {
      facts = readCertificates(data)
      this.#known.set(data, facts)
    }
    return facts
  }
}

function readCertificates(data: string): CertificateFacts {
  const bytes = decodeBase64(data)
  if (bytes === null) return { state: 'bad-base64' }
  const ends: number[] = []
  for (const [, body = ''] of bytes.toString('latin1').matchAll(pemCertificate)) {
    const notAfter = certificateEnd(Buffer.from(body, 'base64'))
    if (notAfter === null) return { state: 'unreadable' }
    ends.push(notAfter)
  }
  const [first] = ends
  if (first === undefined) return { state: 'unreadable' }
  return { state: 'readable', notAfter: first, lastNotAfter: Math.max(...ends), count: ends.length }
}

/** The day (UTC) of a time in ms since the epoch, as sentences about certificates say it: `2026-11-21`. */
export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** What a base64 field with a private key holds. */
export function readKey(data: string): 'bad-base64' | 'unreadable' | 'readable' {
  const bytes = decodeBase64(data)
  if (bytes === null) return 'bad-base64'
  const readable = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(bytes.toString('latin1'))
  bytes.fill(0)
  return readable ? 'readable' : 'unreadable'
}
