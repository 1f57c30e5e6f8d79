/**
 * What stands on values in Redis and names their keys. With a secret: whoever can write to Redis but does not know it can neither make an entry
 * nor alter one, nor pass off one key's value as another's (HMAC-SHA-256, RFC 2104, its first 16 bytes). Without one: a checksum over the same
 * bytes, against damage alone.
 */
import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto'
import { Hmac } from './hmac.ts'

/** Bytes that a seal adds. */
export const SEAL_BYTES = 16

const KEY_BYTES = 32

export class Seal {
  /** `null`: there is no secret. Names and seals have keys of their own, so that no name is ever a seal. */
  readonly #sealing: Hmac | null
  readonly #naming: Hmac
  readonly #prefix: Buffer
  /** Used again for every call. */
  readonly #tagged: Buffer = Buffer.alloc(SEAL_BYTES)
  readonly #length: Buffer = Buffer.alloc(4)

  /** Two deployments that differ in one of both read nothing of each other. */
  constructor(secret: string | null, prefix: string) {
    this.#sealing = secret === null ? null : new Hmac(derive(secret, prefix, 'seal'))
    this.#naming = new Hmac(derive(secret ?? '', prefix, 'name'))
    this.#prefix = part(prefix)
  }

  /** Of a text of any length, 22 characters that are fit for a key and tell nothing of it to whoever does not know the secret. */
  name(text: string): string {
    this.#naming.into(this.#tagged, text)
    return this.#tagged.toString('base64url')
  }

  /** The bytes with their seal behind them. `context`: where they belong, such as the key that they lie under. */
  sign(context: string, bytes: Buffer): Buffer {
    return Buffer.concat([bytes, this.#tag(context, bytes)], bytes.length + SEAL_BYTES)
  }

  /** A view of the bytes before the seal; `null`: they are not what was sealed for this place, or there is none. Reads what nobody vouches for. */
  verify(context: string, sealed: Buffer): Buffer | null {
    const length = sealed.length - SEAL_BYTES
    if (length < 1) return null
    const bytes = sealed.subarray(0, length)
    return timingSafeEqual(this.#tag(context, bytes), sealed.subarray(length)) ? bytes : null
  }

  /** Good until the next call. */
  #tag(context: string, bytes: Buffer): Buffer {
    // Length first, so that where the context ends cannot be shifted.
    this.#length.writeUInt32BE(Buffer.byteLength(context))
    if (this.#sealing !== null) this.#sealing.into(this.#tagged, this.#length, context, bytes)
    else createHash('sha256').update(this.#prefix).update(this.#length).update(context).update(bytes).digest().copy(this.#tagged)
    return this.#tagged
  }
}

/** A key for one purpose (HKDF, RFC 5869). */
function derive(secret: string, prefix: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, prefix, `clearcoat ${purpose} 1`, KEY_BYTES))
}

/** Length first, so that where it ends cannot be shifted. */
function part(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
