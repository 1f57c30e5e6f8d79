/** A bearer token (RFC 6750 §2.1) as its digest; to compare takes a time that tells nothing about it. */
import { createHash, timingSafeEqual } from 'node:crypto'

export class BearerToken {
  readonly #digest: Buffer

  constructor(token: string) {
    this.#digest = digest(token)
  }

  /** Whether a value of Authorization carries it. */
  matches(authorization: string): boolean {
    const match = /^bearer +([^ ]+) *$/i.exec(authorization)
    return match !== null && timingSafeEqual(digest(match[1] ?? ''), this.#digest)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
