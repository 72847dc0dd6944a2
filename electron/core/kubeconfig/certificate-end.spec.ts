import { X509Certificate } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { certificateEnd } from './certificate-end.ts'
import { sampleCertificate } from './kubeconfig.testing.ts'

const derOf = (pem: string): Buffer => new X509Certificate(pem).raw

describe('certificateEnd', () => {
  it('reads what OpenSSL reads, in every root certificate that Node brings', () => {
    expect(rootCertificates.length).toBeGreaterThan(100)
    for (const pem of rootCertificates) {
      expect(certificateEnd(derOf(pem))).toBe(new X509Certificate(pem).validToDate.getTime())
    }
  })

  it('reads an end after 2049, which is written in another form', () => {
    expect(certificateEnd(derOf(sampleCertificate))).toBe(Date.UTC(2089, 10, 10, 7, 48, 6))
  })

  it('finds no certificate in one that is cut off or has something after it', () => {
    const der = derOf(sampleCertificate)
    for (let length = 0; length < der.length; length++) expect(certificateEnd(der.subarray(0, length))).toBeNull()
    expect(certificateEnd(Buffer.concat([der, Buffer.from([0])]))).toBeNull()
  })

  it('never throws, whatever the bytes are', () => {
    const der = derOf(sampleCertificate)
    const changed = fc.tuple(fc.nat(der.length - 1), fc.nat(255)).map(([at, byte]) => {
      const copy = Buffer.from(der)
      copy[at] = byte
      return copy
    })
    const bytes = fc.oneof(
      changed,
      fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    )
    fc.assert(
      fc.property(bytes, (der) => {
        const end = certificateEnd(der)
        expect(end === null || Number.isFinite(end)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})
