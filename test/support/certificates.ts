/** Certificates made on the spot (X.509, RFC 5280): an authority, and what it issues, with any names and dates. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'

/** Certificate and private key as PEM text. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface IssueOptions {
  /** Host names and addresses that it is for. */
  readonly names?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

export interface Authority extends Pair {
  issue(options: IssueOptions): Pair
}

const DAY = 86_400_000

export function authority(name: string): Authority {
  const keys = newKeys()
  const pair = certificate({ subject: name, issuer: name, keys, signer: keys.privateKey, ca: true })
  return {
    ...pair,
    issue: (options) =>
      certificate({
        ...options,
        subject: options.names?.[0] ?? 'client',
        issuer: name,
        keys: newKeys(),
        signer: keys.privateKey,
        ca: false,
      }),
  }
}

/** Vouched for by nobody but itself. */
export function selfSigned(options: IssueOptions): Pair {
  const keys = newKeys()
  const name = options.names?.[0] ?? 'self'
  return certificate({ ...options, subject: name, issuer: name, keys, signer: keys.privateKey, ca: false })
}

/** The same key, encrypted. */
export function encrypted(key: string, passphrase: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string
}

interface Making extends IssueOptions {
  readonly subject: string
  readonly issuer: string
  readonly keys: Keys
  readonly signer: KeyObject
  readonly ca: boolean
}

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function newKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

const ECDSA_SHA256 = tlv(0x30, oid('2a8648ce3d040302'))

function certificate({ subject, issuer, keys, signer, ca, names = [], ...dates }: Making): Pair {
  const { notBefore = new Date(Date.now() - DAY), notAfter = new Date(Date.now() + DAY) } = dates
  const extensions = [
    extension('551d13', tlv(0x30, ca ? tlv(0x01, Buffer.of(0xff)) : Buffer.alloc(0)), true),
    ...(names.length === 0 ? [] : [extension('551d11', tlv(0x30, ...names.map(generalName)), false)]),
  ]
  const body = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, Buffer.of(2))),
    tlv(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_SHA256,
    commonName(issuer),
    tlv(0x30, time(notBefore), time(notAfter)),
    commonName(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, tlv(0x30, ...extensions)),
  )
  const whole = tlv(0x30, body, ECDSA_SHA256, tlv(0x03, Buffer.of(0), sign('sha256', body, signer)))
  return { cert: pem(whole), key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string }
}

function extension(id: string, value: Buffer, critical: boolean): Buffer {
  return tlv(0x30, oid(id), ...(critical ? [tlv(0x01, Buffer.of(0xff))] : []), tlv(0x04, value))
}

function generalName(name: string): Buffer {
  if (isIP(name) === 0) return tlv(0x82, Buffer.from(name, 'latin1'))
  if (isIPv4(name)) return tlv(0x87, Buffer.from(name.split('.').map(Number)))
  if (name !== '::1') throw new Error('of IPv6 only ::1 can be written here')
  return tlv(0x87, Buffer.concat([Buffer.alloc(15), Buffer.of(1)]))
}

function commonName(name: string): Buffer {
  return tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from(name)))))
}

function time(date: Date): Buffer {
  return tlv(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, ''), 'latin1'))
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'))
}

/** Tag, length, value: DER. */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const { length } = value
  const size = length < 0x80 ? Buffer.of(length) : length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 255)
  return Buffer.concat([Buffer.of(tag), size, value])
}

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n')}\n-----END CERTIFICATE-----\n`
}
