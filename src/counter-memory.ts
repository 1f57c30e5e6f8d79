/**
 * Where counters lie: numbers in one typed array, and behind them the names of those that are not known up front. In shared memory another
 * thread reads both while one writes; what a thread wrote stays when it has gone, and its successor goes on there.
 */

/** Bytes of the two words before the numbers: of names published, and how many numbers there are. */
const HEAD = 8
const NUMBER = Float64Array.BYTES_PER_ELEMENT

export interface CounterMemorySize {
  readonly slots: number
  readonly nameBytes: number
}

interface Place {
  readonly at: number
  readonly width: number
}

export class CounterMemory {
  readonly buffer: ArrayBufferLike
  readonly values: Float64Array
  readonly #head: Int32Array
  readonly #names: Uint8Array
  readonly #places = new Map<string, Place>()
  /** Bytes of names that have been read. */
  #read = 0
  #next: number

  /** `fixed` numbers come first and have no names here. `buffer` is one of `counterBuffer` or `sharedCounterBuffer`. */
  constructor(buffer: ArrayBufferLike, fixed: number) {
    this.buffer = buffer
    this.#head = new Int32Array(buffer, 0, 2)
    const slots = this.#head[1] as number
    this.values = new Float64Array(buffer, HEAD, slots)
    this.#names = new Uint8Array(buffer, HEAD + slots * NUMBER)
    this.#next = fixed
  }

  /** Numbers that are free. */
  get room(): number {
    this.#known()
    return this.values.length - this.#next
  }

  /** The first of `width` numbers under a name without line breaks; -1 when there is no room for more. One thread alone may ask. */
  claim(name: string, width: number): number {
    const known = this.#known().get(name)
    if (known !== undefined) return known.at
    const line = Buffer.from(`${width} ${name}\n`)
    if (this.#read + line.length > this.#names.length || this.#next + width > this.values.length) return -1
    this.#names.set(line, this.#read)
    Atomics.store(this.#head, 0, this.#read + line.length)
    return this.#known().get(name)?.at ?? -1
  }

  /** Names that have been claimed, with their numbers. */
  *entries(): IterableIterator<readonly [name: string, values: Float64Array]> {
    for (const [name, { at, width }] of this.#known()) yield [name, this.values.subarray(at, at + width)]
  }

  read(name: string): Float64Array | null {
    const place = this.#known().get(name)
    return place === undefined ? null : this.values.subarray(place.at, place.at + place.width)
  }

  #known(): ReadonlyMap<string, Place> {
    const published = Atomics.load(this.#head, 0)
    if (published > this.#read) {
      for (const line of Buffer.from(this.#names.slice(this.#read, published)).toString().split('\n').slice(0, -1)) {
        const blank = line.indexOf(' ')
        const width = Number(line.slice(0, blank))
        this.#places.set(line.slice(blank + 1), { at: this.#next, width })
        this.#next += width
      }
      this.#read = published
    }
    return this.#places
  }
}

export function counterBuffer(size: CounterMemorySize): ArrayBuffer {
  return prepared(new ArrayBuffer(bytesOf(size)), size)
}

export function sharedCounterBuffer(size: CounterMemorySize): SharedArrayBuffer {
  return prepared(new SharedArrayBuffer(bytesOf(size)), size)
}

function bytesOf({ slots, nameBytes }: CounterMemorySize): number {
  return HEAD + slots * NUMBER + nameBytes
}

function prepared<B extends ArrayBufferLike>(buffer: B, { slots }: CounterMemorySize): B {
  new Int32Array(buffer, 0, 2)[1] = slots
  return buffer
}
