/** Ways to choose who leaves a full cache, each as short as it can be said: what `scan.ts` compares the memory tier with. Keys are whole numbers. */
import { LRUCache } from 'lru-cache'

export interface Eviction {
  readonly name: string
  /** Whether it is there; that is a use of it. */
  use(key: number): boolean
  /** Keeps what is not there. */
  add(key: number, bytes: number): void
}

export interface Bounds {
  readonly bytes: number
  /** Keys are below. */
  readonly keys: number
}

/** Queues in which each key is in one at the most. */
class Queues {
  readonly bytes: Float64Array
  readonly #of: Int8Array
  readonly #sizes: Float64Array
  /** Towards the newest, and towards the oldest. The ends of queue q are at `keys` + q. */
  readonly #newer: Int32Array
  readonly #older: Int32Array
  readonly #keys: number

  constructor(keys: number, queues: number) {
    this.#keys = keys
    this.bytes = new Float64Array(queues)
    this.#of = new Int8Array(keys).fill(-1)
    this.#sizes = new Float64Array(keys)
    this.#newer = new Int32Array(keys + queues)
    this.#older = new Int32Array(keys + queues)
    for (let q = 0; q < queues; q++) this.#newer[keys + q] = this.#older[keys + q] = keys + q
  }

  of(key: number): number {
    return this.#of[key] as number
  }

  size(key: number): number {
    return this.#sizes[key] as number
  }

  get all(): number {
    return this.bytes.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** -1 when it is empty. */
  oldest(queue: number): number {
    const key = this.#newer[this.#keys + queue] as number
    return key < this.#keys ? key : -1
  }

  /** The next newer one; -1 behind the newest. */
  newer(key: number): number {
    const next = this.#newer[key] as number
    return next < this.#keys ? next : -1
  }

  push(queue: number, key: number, bytes: number): void {
    const ends = this.#keys + queue
    const newest = this.#older[ends] as number
    this.#newer[key] = ends
    this.#older[key] = newest
    this.#newer[newest] = this.#older[ends] = key
    this.#of[key] = queue
    this.#sizes[key] = bytes
    this.bytes[queue] = (this.bytes[queue] as number) + bytes
  }

  take(key: number): void {
    const [newer, older] = [this.#newer[key] as number, this.#older[key] as number]
    this.#older[newer] = older
    this.#newer[older] = newer
    const queue = this.of(key)
    this.bytes[queue] = (this.bytes[queue] as number) - this.size(key)
    this.#of[key] = -1
  }

  move(key: number, queue: number): void {
    const bytes = this.size(key)
    this.take(key)
    this.push(queue, key, bytes)
  }
}

export function lru({ bytes, keys }: Bounds): Eviction {
  const queues = new Queues(keys, 1)
  return {
    name: 'least recently used',
    use(key) {
      if (queues.of(key) < 0) return false
      queues.move(key, 0)
      return true
    },
    add(key, size) {
      while (queues.all + size > bytes) queues.take(queues.oldest(0))
      queues.push(0, key, size)
    },
  }
}

export function lruCache({ bytes }: Bounds): Eviction {
  const cache = new LRUCache<number, number>({ maxSize: bytes, sizeCalculation: (size) => size })
  return {
    name: 'lru-cache',
    use: (key) => cache.get(key) !== undefined,
    add: (key, size) => void cache.set(key, size),
  }
}

/** New ones are on probation; who is used there is protected, and goes back there when the protected have more than their share. */
export function segmentedLru({ bytes, keys }: Bounds, probation: number): Eviction {
  const queues = new Queues(keys, 2)
  const most = bytes * (1 - probation)
  return {
    name: `segmented LRU, ${probation * 100} % on probation`,
    use(key) {
      if (queues.of(key) < 0) return false
      queues.move(key, 1)
      while ((queues.bytes[1] as number) > most) queues.move(queues.oldest(1), 0)
      return true
    },
    add(key, size) {
      while (queues.all + size > bytes) {
        const old = queues.oldest(0)
        queues.take(old < 0 ? queues.oldest(1) : old)
      }
      queues.push(0, key, size)
    },
  }
}

/** One queue; a hand goes from the oldest to the newest, spares those used since it came by last, and takes the first that was not. */
export function sieve({ bytes, keys }: Bounds): Eviction {
  const queues = new Queues(keys, 1)
  const used = new Uint8Array(keys)
  let hand = -1
  return {
    name: 'SIEVE',
    use(key) {
      if (queues.of(key) < 0) return false
      used[key] = 1
      return true
    },
    add(key, size) {
      while (queues.all + size > bytes) {
        if (hand < 0) hand = queues.oldest(0)
        while (used[hand] === 1) {
          used[hand] = 0
          hand = queues.newer(hand)
          if (hand < 0) hand = queues.oldest(0)
        }
        const next = queues.newer(hand)
        queues.take(hand)
        hand = next
      }
      used[key] = 0
      queues.push(0, key, size)
    },
  }
}

export interface Small {
  /** Of the bytes. */
  readonly share: number
  /** Uses in the small queue that earn a place in the large one. */
  readonly uses: number
  /** Whether the keys that left the small queue are remembered. */
  readonly ghosts: boolean
  /** Those in the large queue that one eviction may spare. */
  readonly spared: number
}

/** S3-FIFO: a small queue of new ones, a large one that is a clock, and the keys that left the small one lately. */
export function s3fifo({ bytes, keys }: Bounds, { share, uses, ghosts, spared }: Small): Eviction {
  const queues = new Queues(keys, 2)
  const counts = new Uint8Array(keys)
  /** How many had left the small queue when it did. */
  const left = new Float64Array(ghosts ? keys : 0).fill(-Infinity)
  let gone = 0
  let large = 0
  const fromLarge = (): void => {
    let key = queues.oldest(1)
    for (let n = 0; n < spared && (counts[key] as number) > 0; n++) {
      counts[key] = (counts[key] as number) - 1
      queues.move(key, 1)
      key = queues.oldest(1)
    }
    queues.take(key)
    large--
  }
  const evict = (): void => {
    while ((queues.bytes[0] as number) > bytes * share || queues.oldest(1) < 0) {
      const key = queues.oldest(0)
      if ((counts[key] as number) < uses) {
        queues.take(key)
        left[key] = gone++
        return
      }
      counts[key] = 0
      queues.move(key, 1)
      large++
    }
    fromLarge()
  }
  return {
    name: `S3-FIFO, ${share * 100} % small, ${uses} use${uses > 1 ? 's' : ''}${ghosts ? '' : ', no ghosts'}${spared < 1e6 ? `, ${spared} spared` : ''}`,
    use(key) {
      if (queues.of(key) < 0) return false
      if ((counts[key] as number) < 3) counts[key] = (counts[key] as number) + 1
      return true
    },
    add(key, size) {
      while (queues.all + size > bytes) evict()
      counts[key] = 0
      const known = ghosts && gone - (left[key] as number) <= large
      if (known) large++
      queues.push(known ? 1 : 0, key, size)
    },
  }
}
