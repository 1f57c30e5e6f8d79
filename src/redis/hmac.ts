/**
 * HMAC-SHA-256 (RFC 2104) of a fixed key, for small messages again and again: two hashes in one step each over bytes that lie ready, which takes
 * half of what an object for each message does. The results are the same.
 */
import { createHmac, hash } from 'node:crypto'

/** Bytes that SHA-256 takes at a time, and bytes of a hash. */
const BLOCK = 64
const HASH = 32
/** Bytes of a message up to which it is put together here. */
const LARGEST = 128 * 1024

const INNER = 0x36
const OUTER = 0x5c

export class Hmac {
  readonly #key: Buffer
  /** The inner block and then room for a message. It grows with what it is used for. */
  #inner: Buffer
  readonly #outer: Buffer

  /** `key`: at most a block. */
  constructor(key: Buffer) {
    if (key.length > BLOCK) throw new RangeError('the key is longer than a block')
    this.#key = key
    this.#inner = Buffer.concat([padded(key, INNER)], 4 * BLOCK)
    this.#outer = Buffer.concat([padded(key, OUTER)], BLOCK + HASH)
  }

  /** Writes the first bytes of the code of a message into `out`, as many as it has. The message: pieces one after another. */
  into(out: Buffer, ...pieces: readonly (Buffer | string)[]): void {
    out.write(this.#code(pieces), 0, out.length, 'latin1')
  }

  /** The code, a character a byte. */
  #code(pieces: readonly (Buffer | string)[]): string {
    let most = 0
    for (const piece of pieces) most += typeof piece === 'string' ? piece.length * 3 : piece.length
    if (most > LARGEST) {
      const hmac = createHmac('sha256', this.#key)
      for (const piece of pieces) hmac.update(piece)
      return hmac.digest('latin1')
    }
    if (this.#inner.length < BLOCK + most) this.#inner = Buffer.concat([this.#inner.subarray(0, BLOCK)], 2 * (BLOCK + most))
    let end = BLOCK
    for (const piece of pieces) end += typeof piece === 'string' ? this.#inner.write(piece, end, 'utf8') : piece.copy(this.#inner, end)
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'latin1'), BLOCK, 'latin1')
    return hash('sha256', this.#outer, 'latin1')
  }
}

function padded(key: Buffer, byte: number): Buffer {
  const block = Buffer.alloc(BLOCK, byte)
  for (const [index, bits] of key.entries()) block[index] = bits ^ byte
  return block
}
