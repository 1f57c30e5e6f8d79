/** Numbers and texts of a frame, one after another. What is read was written by anybody: every length is checked before it is used. */

/** What is read is not what this version writes. */
export class Doubt extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'Doubt'
  }
}

const LATIN1 = /^[\x00-\xff]*$/
/** Bytes of the length before a text or bytes. */
const LENGTH = 4

/** Collects the pieces of a frame. */
export class FrameWriter {
  readonly #pieces: Buffer[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  byte(value: number): void {
    this.raw(Buffer.of(value))
  }

  short(value: number): void {
    const piece = Buffer.allocUnsafe(2)
    piece.writeUInt16LE(value)
    this.raw(piece)
  }

  int(value: number): void {
    const piece = Buffer.allocUnsafe(4)
    piece.writeUInt32LE(value)
    this.raw(piece)
  }

  numbers(...values: readonly number[]): void {
    const piece = Buffer.allocUnsafe(8 * values.length)
    for (const [index, value] of values.entries()) piece.writeDoubleLE(value, 8 * index)
    this.raw(piece)
  }

  /** One byte a character where that is enough, else two: what a policy put into a key may be any text. */
  text(text: string): void {
    const narrow = LATIN1.test(text)
    const bytes = Buffer.from(text, narrow ? 'latin1' : 'utf16le')
    this.int(bytes.length * 2 + (narrow ? 0 : 1))
    this.raw(bytes)
  }

  texts(texts: readonly string[]): void {
    this.short(texts.length)
    for (const text of texts) this.text(text)
  }

  raw(bytes: Buffer): void {
    this.#pieces.push(bytes)
    this.#size += bytes.length
  }

  /** All of it, in memory of its own. */
  get bytes(): Buffer {
    return Buffer.concat(this.#pieces, this.#size)
  }
}

/** Reads what a `FrameWriter` wrote. Throws `Doubt` where that cannot be. */
export class FrameReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1))
  }

  short(): number {
    return this.#bytes.readUInt16LE(this.#take(2))
  }

  int(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  /** From `least` to `most`. */
  number(least: number, most: number): number {
    const value = this.#bytes.readDoubleLE(this.#take(8))
    if (!(value >= least && value <= most)) throw new Doubt('a number is out of its bounds')
    return value
  }

  whole(most: number): number {
    const value = this.number(0, most)
    if (!Number.isInteger(value)) throw new Doubt('a number is not whole')
    return value
  }

  /** As `number`; `null` where none was written. */
  numberIfAny(least: number, most: number): number | null {
    const from = this.#take(8)
    if (Number.isNaN(this.#bytes.readDoubleLE(from))) return null
    this.#at = from
    return this.number(least, most)
  }

  /** Of at most so many characters. */
  text(most: number): string {
    const word = this.int()
    const bytes = Math.floor(word / 2)
    const wide = word % 2 === 1
    if (bytes > (wide ? 2 * most : most) || (wide && bytes % 2 === 1)) throw new Doubt('a text is too long')
    const from = this.#take(bytes)
    return this.#bytes.toString(wide ? 'utf16le' : 'latin1', from, from + bytes)
  }

  texts(most: number, characters: number): string[] {
    const count = this.short()
    if (count > most || count * LENGTH > this.left) throw new Doubt('there are too many texts')
    const texts: string[] = []
    for (let i = 0; i < count; i++) texts.push(this.text(characters))
    return texts
  }

  raw(length: number): Buffer {
    const from = this.#take(length)
    return this.#bytes.subarray(from, from + length)
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  #take(length: number): number {
    const from = this.#at
    if (length > this.#bytes.length - from) throw new Doubt('it ends too early')
    this.#at = from + length
    return from
  }
}
