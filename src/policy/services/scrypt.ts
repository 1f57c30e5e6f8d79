/** Passwords hashed with scrypt (RFC 7914), written as `$scrypt$ln=15,r=8,p=1$salt$hash`: base64 without padding, as PHC strings are. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

export interface ScryptHash {
  /** Logarithm of the cost. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

const FORM = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/
const DEFAULT = { ln: 15, r: 8, p: 1 }
const SALT = 16
const HASH = 32

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT)
  const { ln, r, p } = DEFAULT
  const hash = await derive(password, { ...DEFAULT, salt }, HASH)
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`
}

/** `null` for what is not of that form. */
export function parseScrypt(text: string): ScryptHash | null {
  const [, ln, r, p, salt, hash] = FORM.exec(text) ?? []
  if (ln === undefined || salt === undefined || hash === undefined) return null
  return { ln: Number(ln), r: Number(r), p: Number(p), salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') }
}

/** Takes the same time whether it is right or not. */
export async function isPassword(password: string, expected: ScryptHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, expected, expected.hash.length), expected.hash)
}

function derive(password: string, { ln, r, p, salt }: Omit<ScryptHash, 'hash'>, length: number): Promise<Buffer> {
  const N = 2 ** ln
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem: 128 * N * r + 128 * r * p + 1024 * 1024 }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
