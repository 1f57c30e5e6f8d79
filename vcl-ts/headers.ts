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
  #names: string[]
  #lower: string[]
  #values: string[]
  /** One bit a name that is or was here, so that most absent ones are known without a look at every line. */
  #present = 0

  constructor(names: string[] = [], lower: string[] = [], values: string[] = []) {
    this.#names = names
    this.#lower = lower
    this.#values = values
    for (let i = 0; i < lower.length; i++) this.#present |= bitOf(lower[i] as string)
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
    for (let i = this.#lower.indexOf(key); i >= 0; i = this.#lower.indexOf(key, i + 1)) found.push(this.#values[i] as string)
    return found
  }

  /** All lines of that name joined with `", "` (RFC 9110 §5.3), or `undefined` when absent. */
  joined(name: string): string | undefined {
    const key = name.toLowerCase()
    const first = (this.#present & bitOf(key)) === 0 ? -1 : this.#lower.indexOf(key)
    if (first < 0) return undefined
    let value = this.#values[first] as string
    for (let i = this.#lower.indexOf(key, first + 1); i >= 0; i = this.#lower.indexOf(key, i + 1)) value += `, ${this.#values[i]}`
    return value
  }

  /**
   * Replaces all lines of that name by one. Throws a `TypeError` when the name is no token, the value holds control
   * characters or characters above U+00FF, or the field is `Content-Length` or `Transfer-Encoding` (framing is the engine's).
   */
  set(name: string, value: string): void {
    const key = this.#writable(name, value)
    const first = this.#lower.indexOf(key)
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
    for (let i = 0; i < this.#lower.length; i++) yield [this.#names[i] as string, this.#values[i] as string]
  }

  clone(): HeaderMap {
    return new HeaderMap(this.#names.slice(), this.#lower.slice(), this.#values.slice())
  }

  /** Engine only: adds a line known to be valid. `lower` must be `name` in lower case. */
  appendRaw(name: string, lower: string, value: string): void {
    this.#names.push(name)
    this.#lower.push(lower)
    this.#present |= bitOf(lower)
    this.#values.push(value)
  }

  /** Engine only: `set` for what is known to be valid. `lower` must be `name` in lower case. */
  setRaw(name: string, lower: string, value: string): void {
    if ((this.#present & bitOf(lower)) !== 0) this.#deleteFrom(lower, 0)
    this.appendRaw(name, lower, value)
  }

  /** Engine only: removes all lines of a lower-case name, framing included. */
  removeRaw(lower: string): boolean {
    return this.#deleteFrom(lower, 0)
  }

  /** Engine only: `has` for a name known to be lower case. */
  hasLower(lower: string): boolean {
    return (this.#present & bitOf(lower)) !== 0 && this.#lower.includes(lower)
  }

  /** Engine only: `get` for a name known to be lower case. */
  getLower(lower: string): string | undefined {
    if ((this.#present & bitOf(lower)) === 0) return undefined
    const at = this.#lower.indexOf(lower)
    return at < 0 ? undefined : this.#values[at]
  }

  nameAt(index: number): string {
    return this.#names[index] as string
  }

  lowerAt(index: number): string {
    return this.#lower[index] as string
  }

  valueAt(index: number): string {
    return this.#values[index] as string
  }

  #writable(name: string, value: string): string {
    checkField(name, value)
    const key = name.toLowerCase()
    if (FRAMING.has(key)) throw new TypeError(`${name} is message framing and cannot be set; the engine derives it from the body`)
    return key
  }

  #deleteFrom(key: string, from: number): boolean {
    const first = (this.#present & bitOf(key)) === 0 ? -1 : this.#lower.indexOf(key, from)
    if (first < 0) return false
    const { length } = this.#lower
    let kept = first
    for (let i = first + 1; i < length; i++) {
      if (this.#lower[i] === key) continue
      this.#names[kept] = this.#names[i] as string
      this.#lower[kept] = this.#lower[i] as string
      this.#values[kept] = this.#values[i] as string
      kept++
    }
    for (; kept < this.#lower.length; ) {
      this.#names.pop()
      this.#lower.pop()
      this.#values.pop()
    }
    return true
  }
}

/** Names of requests and those that are looked for in them share few bits; shifts take the number modulo 32. */
function bitOf(lower: string): number {
  return 1 << (lower.length - 2 * lower.charCodeAt(0))
}

function checkField(name: string, value: string): void {
  if (typeof name !== 'string' || !TOKEN.test(name))
    throw new TypeError(`header name ${JSON.stringify(name)} is not a token (RFC 9110 §5.1)`)
  if (typeof value !== 'string' || !VALUE.test(value))
    throw new TypeError(`value of header ${name} holds a control character or one above U+00FF (RFC 9110 §5.5)`)
}
