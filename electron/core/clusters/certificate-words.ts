import { X509Certificate } from 'node:crypto'
import type { PeerCertificate } from 'node:tls'
import { dayOf } from '../kubeconfig/certificates.ts'

const dayMs = 86_400_000

/** `2026-11-21 (in 12 days)`, `2025-01-02 (3 days ago)`: day in UTC and how far away that is. */
export function dayWords(time: number, now: number): string {
  const day = dayOf(time)
  const days = Math.floor(Math.abs(time - now) / dayMs)
  const count = days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`
  return time >= now ? `${day} (in ${count})` : `${day} (${count} ago)`
}

/** A name as certificates show it, without line breaks: `CN=admin, O=system:masters`. */
export const subjectWords = (certificate: X509Certificate): string =>
  certificate.subject.split('\n').reverse().join(', ')

export const issuerWords = (certificate: X509Certificate): string => certificate.issuer.split('\n').reverse().join(', ')

/** The names a server's certificate is for. */
export function namesIn(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .map((name) => name.replace(/^(DNS|IP Address):/, ''))
    .filter((name) => name !== '')
}

/** Reads what a TLS connection showed; null when the server showed none. */
export function certificateOf(peer: PeerCertificate | null): X509Certificate | null {
  return peer === null || (peer as Partial<PeerCertificate>).raw === undefined ? null : new X509Certificate(peer.raw)
}

/** The first certificate of a PEM text; null when it cannot be read. */
export function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem)
  } catch {
    return null
  }
}

/** Less than this before its end a certificate is worth a word, ms. */
export const soonMs = 14 * dayMs
