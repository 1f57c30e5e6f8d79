/**
 * The header map that policy and engine share: ordered, case-insensitive, several lines per name.
 * A line keeps the case and the bytes it arrived with; look-ups ignore case.
 */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

/**
 * Header fields of one message (RFC 9110 §5). Values are latin-1 strings: one character is one byte on the wire.
 * `get` answers the first line of a name, as in VCL; `joined` answers all lines as one list.
 */
export class HeaderMap {
  /** Of a line that is as it was read its place in `#text`, as `placeOf` makes it. */
  #names: (string | number)[]
  #lower: string[]
  /** Of a value that nobody has asked for yet its place in `#text`. */
  #values: (string | number)[]
  readonly #text: string
  /** One bit a name that is or was here, so that most absent ones are known without a look at every line. */
  #present: number

  /** Engine only, with arguments: `text` is what places of lines and values refer to, `present` the `nameBit` of all names. */
  constructor(
    names: (string | number)[] = [],
    lower: string[] = [],
    values: (string | number)[] = [],
    text: string = '',
    present?: number,
  ) {
    this.#names = names
    this.#lower = lower
    this.#values = values
    this.#text = text
    this.#present = present ?? nameBits(lower)
  }

  /** A map from pairs, each checked as `append` checks it, framing fields allowed. */
  static of(pairs: HeaderPairs): HeaderMap {
    const map = new HeaderMap()
    for (const [name, value] of pairs) {
      checkField(name, value)
      map.appendRaw(name, name.toLowerCase(), value)
    }
    return map
  }

  /** Number of lines. */
  get size(): number {
    return this.#lower.length
  }

  has(name: string): boolean {
    return this.hasLower(name.toLowerCase())
  }

  /** First line of that name, or `undefined` when the field is absent (which differs from empty). */
  get(name: string): string | undefined {
    return this.getLower(name.toLowerCase())
  }

  /** All lines of that name, in order. */
  getAll(name: string): string[] {
    const key = name.toLowerCase()
    const found: string[] = []
    for (let i = this.#find(key, 0); i >= 0; i = this.#find(key, i + 1)) found.push(this.valueAt(i))
    return found
  }

  /** All lines of that name joined with `", "` (RFC 9110 §5.3), or `undefined` when absent. */
  joined(name: string): string | undefined {
    return this.joinedLower(name.toLowerCase())
  }

  /**
   * Replaces all lines of that name by one. Throws a `TypeError` when the name is no token, the value holds control
   * characters or characters above U+00FF, or the field is `Content-Length` or `Transfer-Encoding` (framing is the engine's).
   */
  set(name: string, value: string): void {
    const key = this.#writable(name, value)
    const first = this.#find(key, 0)
    if (first < 0) {
      this.appendRaw(name, key, value)
      return
    }
    this.#names[first] = name
    this.#values[first] = value
    this.#deleteFrom(key, first + 1)
  }

  /** Adds a line. Throws as `set` does. */
  append(name: string, value: string): void {
    this.appendRaw(name, this.#writable(name, value), value)
  }

  /** Removes all lines of that name; answers whether there was one. Throws for framing fields. */
  delete(name: string): boolean {
    const key = name.toLowerCase()
    if (FRAMING.has(key)) throw new TypeError(`${name} is message framing and cannot be removed; change the body instead`)
    return this.#deleteFrom(key, 0)
  }

  *[Symbol.iterator](): IterableIterator<[name: string, value: string]> {
    for (let i = 0; i < this.#lower.length; i++) yield [this.nameAt(i), this.valueAt(i)]
  }

  clone(): HeaderMap {
    return new HeaderMap(this.#names.slice(), this.#lower.slice(), this.#values.slice(), this.#text, this.#present)
  }

  /** Engine only: adds a line known to be valid. `lower` must be `name` in lower case. */
  appendRaw(name: string, lower: string, value: string): void {
    this.#names.push(name)
    this.#lower.push(lower)
    this.#present |= nameBit(lower)
    this.#values.push(value)
  }

  /** Engine only: `set` for what is known to be valid. `lower` must be `name` in lower case. */
  setRaw(name: string, lower: string, value: string): void {
    this.#deleteFrom(lower, 0)
    this.appendRaw(name, lower, value)
  }

  /** Engine only: removes all lines of a lower-case name, framing included. */
  removeRaw(lower: string): boolean {
    return this.#deleteFrom(lower, 0)
  }

  /** Engine only: removes all lines of several names, framing included. */
  removeEach(names: NameSet): void {
    if (!this.mayHave(names.bits)) return
    const { length } = this.#lower
    let kept = 0
    for (let i = 0; i < length; i++) if (!names.has(this.#lower[i] as string)) this.#move(i, kept++)
    this.#cut(kept)
  }

  /** Engine only: whether one of several names has lines of different values. */
  differs(names: NameSet): boolean {
    if (!this.mayHave(names.bits)) return false
    for (let i = 0; i < this.#lower.length; i++) {
      const lower = this.#lower[i] as string
      if (!names.has(lower)) continue
      const next = this.#lower.indexOf(lower, i + 1)
      if (next >= 0 && this.valueAt(i) !== this.valueAt(next)) return true
    }
    return false
  }

  /** Engine only: `has` for a name known to be lower case. */
  hasLower(lower: string): boolean {
    return this.#find(lower, 0) >= 0
  }

  /** Engine only: whether any of several names may be here, told by their `nameBits` alone. `false` is certain. */
  mayHave(bits: number): boolean {
    return (this.#present & bits) !== 0
  }

  /** Engine only: `get` for a name known to be lower case. */
  getLower(lower: string): string | undefined {
    const at = this.#find(lower, 0)
    return at < 0 ? undefined : this.valueAt(at)
  }

  /** Engine only: whether all lines of a name known to be lower case pass a test, or there are none. */
  everyLower(lower: string, test: (value: string) => boolean): boolean {
    for (let i = this.#find(lower, 0); i >= 0; i = this.#find(lower, i + 1)) if (!test(this.valueAt(i))) return false
    return true
  }

  /** Engine only: `joined` for a name known to be lower case. */
  joinedLower(lower: string): string | undefined {
    const first = this.#find(lower, 0)
    if (first < 0) return undefined
    let value = this.valueAt(first)
    for (let i = this.#find(lower, first + 1); i >= 0; i = this.#find(lower, i + 1)) value += `, ${this.valueAt(i)}`
    return value
  }

  nameAt(index: number): string {
    const name = this.#names[index]
    if (typeof name === 'string') return name
    const start = startOf(name as number)
    return this.#text.slice(start, start + (this.#lower[index] as string).length)
  }

  /** Engine only: where a line that is as it was read, `Name: value` and its end, begins in the text of its head; -1 for any other. */
  lineStart(index: number): number {
    const name = this.#names[index]
    return typeof name === 'number' ? startOf(name) : -1
  }

  /** Engine only: where it ends. */
  lineEnd(index: number): number {
    return endOf(this.#names[index] as number)
  }

  /** Engine only: what stands there in the text of the head. */
  cut(start: number, end: number): string {
    return this.#text.slice(start, end)
  }

  lowerAt(index: number): string {
    return this.#lower[index] as string
  }

  valueAt(index: number): string {
    const value = this.#values[index]
    return typeof value === 'number' ? this.#made(index, value) : (value as string)
  }

  /** Engine only: the same value as another string. */
  putValue(index: number, value: string): void {
    this.#values[index] = value
  }

  /** A value is cut out of the text when somebody asks for it, and then kept. */
  #made(index: number, place: number): string {
    const value = this.#text.slice(startOf(place), endOf(place))
    this.#values[index] = value
    return value
  }

  #find(lower: string, from: number): number {
    return (this.#present & nameBit(lower)) === 0 ? -1 : this.#lower.indexOf(lower, from)
  }

  #writable(name: string, value: string): string {
    checkField(name, value)
    const key = name.toLowerCase()
    if (FRAMING.has(key)) throw new TypeError(`${name} is message framing and cannot be set; the engine derives it from the body`)
    return key
  }

  #deleteFrom(key: string, from: number): boolean {
    const first = this.#find(key, from)
    if (first < 0) return false
    const { length } = this.#lower
    let kept = first
    for (let i = first + 1; i < length; i++) if (this.#lower[i] !== key) this.#move(i, kept++)
    this.#cut(kept)
    return true
  }

  #move(from: number, to: number): void {
    if (from === to) return
    this.#names[to] = this.#names[from] as string | number
    this.#lower[to] = this.#lower[from] as string
    this.#values[to] = this.#values[from] as string | number
  }

  #cut(size: number): void {
    while (this.#lower.length > size) {
      this.#names.pop()
      this.#lower.pop()
      this.#values.pop()
    }
  }
}

/** Engine only: several lower-case names, and by what most others are told from them. */
export class NameSet {
  readonly bits: number
  readonly names: ReadonlySet<string>
  /** By `nameSign`: whether one of them has it. */
  readonly #signs = new Uint8Array(NAME_SIGNS)

  constructor(names: Iterable<string>) {
    this.names = new Set(names)
    this.bits = nameBits([...this.names])
    for (const name of this.names) this.#signs[nameSign(name.charCodeAt(0), name.length)] = 1
  }

  has(lower: string): boolean {
    return this.mayHave(lower.charCodeAt(0), lower.length) && this.names.has(lower)
  }

  /** Of a name in any case, by its first letter and length. `false` is certain. */
  mayHave(letter: number, length: number): boolean {
    return this.#signs[nameSign(letter, length)] === 1
  }
}

const NAME_SIGNS = 1024

/** Few names have both first letter and length of others. */
function nameSign(letter: number, length: number): number {
  return ((length & 31) << 5) | (letter & 31)
}

const LENGTH_BITS = 15
const LONGEST_PLACED = (1 << LENGTH_BITS) - 1
const FARTHEST_PLACED = (1 << 15) - 1

/**
 * Engine only: the place of a line or value in the text of its head, as a number that V8 keeps without memory of its own; -1 where it is too
 * far or too long for that.
 */
export function placeOf(start: number, end: number): number {
  return start <= FARTHEST_PLACED && end - start <= LONGEST_PLACED ? (start << LENGTH_BITS) | (end - start) : -1
}

function startOf(place: number): number {
  return place >>> LENGTH_BITS
}

function endOf(place: number): number {
  return (place >>> LENGTH_BITS) + (place & LONGEST_PLACED)
}

/** Engine only: a bit for a lower-case name. Names of requests and those that are looked for in them share few; shifts take the number modulo 32. */
export function nameBit(lower: string): number {
  return 1 << (lower.length + 3 * lower.charCodeAt(0))
}

/** Engine only: the bits of all these names. */
export function nameBits(lower: readonly string[]): number {
  let bits = 0
  for (let i = 0; i < lower.length; i++) bits |= nameBit(lower[i] as string)
  return bits
}

function checkField(name: string, value: string): void {
  if (typeof name !== 'string' || !TOKEN.test(name))
    throw new TypeError(`header name ${JSON.stringify(name)} is not a token (RFC 9110 §5.1)`)
  if (typeof value !== 'string' || !VALUE.test(value))
    throw new TypeError(`value of header ${name} holds a control character or one above U+00FF (RFC 9110 §5.5)`)
}
