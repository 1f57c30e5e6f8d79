/** Texts one after another in a buffer, each behind its length. Most have one byte a character; the others have two. */

const LATIN1 = /^[\x00-\xff]*$/
const LENGTH = 4

function isLatin1(text: string): boolean {
  return LATIN1.test(text)
}

/** Bytes that a text takes. */
export function sizeOf(text: string): number {
  return LENGTH + (isLatin1(text) ? text.length : 2 * text.length)
}

export class Writing {
  /** Where the next text begins. */
  at: number
  readonly #buffer: Buffer

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer
    this.at = at
  }

  text(text: string): void {
    const narrow = isLatin1(text)
    const from = this.at + LENGTH
    const bytes = this.#buffer.write(text, from, narrow ? 'latin1' : 'utf16le')
    this.#buffer.writeInt32LE((bytes << 1) | (narrow ? 0 : 1), this.at)
    this.at = from + bytes
  }
}

export class Reading {
  /** Where the next text begins. */
  at: number
  readonly #buffer: Buffer

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer
    this.at = at
  }

  text(): string {
    const word = this.#buffer.readInt32LE(this.at)
    const from = this.at + LENGTH
    this.at = from + (word >> 1)
    if (this.at === from) return ''
    return this.#buffer.toString((word & 1) === 0 ? 'latin1' : 'utf16le', from, this.at)
  }

  /** Whether the next text is this one. */
  isText(text: string): boolean {
    const bytes = this.#buffer.readInt32LE(this.at) >> 1
    return (bytes === text.length || bytes === 2 * text.length) && this.text() === text
  }

  skip(): void {
    this.at += LENGTH + (this.#buffer.readInt32LE(this.at) >> 1)
  }
}
