import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import net from 'node:net'

/** A certificate with its key, both PEM. */
export type Identity = { readonly certificate: string; readonly key: string }
export type Authority = Identity & { readonly name: string; readonly privateKey: KeyObject }

export type CertificateOptions = {
  readonly commonName: string
  /** Host names and IPv4 addresses. */
  readonly names?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const day = 86_400_000

/** A certificate authority of its own. */
export function makeAuthority(commonName = 'Test Authority'): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = makeCertificate({ commonName }, publicKey, { name: commonName, privateKey }, true)
  return { certificate, key: pemOf(privateKey), name: commonName, privateKey }
}

/** A certificate signed by the authority; without one, by itself. */
export function makeIdentity(options: CertificateOptions, authority?: Authority): Identity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = authority ?? { name: options.commonName, privateKey }
  return { certificate: makeCertificate(options, publicKey, signer, false), key: pemOf(privateKey) }
}

const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

// X.509 (RFC 5280) in DER (X.690): just as much of it as tests need.
function makeCertificate(
  { commonName, names = [], notBefore, notAfter }: CertificateOptions,
  publicKey: KeyObject,
  signer: { name: string; privateKey: KeyObject },
  isAuthority: boolean,
): string {
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  const basicConstraints = sequence(
    oid('551d13'),
    boolean(true),
    octets(sequence(...(isAuthority ? [boolean(true)] : []))),
  )
  const alternativeNames = sequence(oid('551d11'), octets(sequence(...names.map(generalName))))
  const body = sequence(
    tagged(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    distinguishedName(signer.name),
    sequence(time(notBefore ?? new Date(Date.now() - day)), time(notAfter ?? new Date(Date.now() + 30 * day))),
    distinguishedName(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints, ...(names.length > 0 ? [alternativeNames] : []))),
  )
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, signer.privateKey)]))
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64').replaceAll(/.{64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)
const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 0xff : 0))
const octets = (content: Buffer): Buffer => tagged(0x04, content)
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'))
const distinguishedName = (name: string): Buffer =>
  sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from(name)))))
const time = (date: Date): Buffer =>
  tagged(0x18, Buffer.from(`${date.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`))
const generalName = (name: string): Buffer =>
  net.isIPv4(name) ? tagged(0x87, Buffer.from(name.split('.').map(Number))) : tagged(0x82, Buffer.from(name))
