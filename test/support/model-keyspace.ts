/** What one Redis server holds, by the commands that Clearcoat uses; every change is told, so that a replica can make it, too. */

/** As Redis words it: the first word is its kind. */
export class CommandError extends Error {}

export interface StreamItem {
  readonly id: string
  /** Names and values in turn. */
  readonly fields: readonly Buffer[]
}

interface Stream {
  readonly type: 'stream'
  items: StreamItem[]
  last: string
}

type Held = { readonly type: 'string'; value: Buffer } | { readonly type: 'hash'; readonly fields: Map<string, Buffer> } | Stream

interface Kept {
  readonly held: Held
  /** Moment of the server's clock; `null`: it stays. */
  expires: number | null
}

/** A change, as a master tells it to its replica: what the script or command came to. */
export type Change =
  | { readonly do: 'set'; readonly key: string; readonly value: Buffer; readonly expires: number | null }
  | { readonly do: 'expire'; readonly key: string; readonly expires: number | null }
  | { readonly do: 'remove'; readonly key: string }
  | { readonly do: 'field'; readonly key: string; readonly field: string; readonly value: Buffer | null }
  | { readonly do: 'append'; readonly key: string; readonly item: StreamItem }
  | { readonly do: 'trim'; readonly key: string; readonly gone: number }
  | { readonly do: 'flush' }

/** Entries that a node of a stream's tree holds: what `MAXLEN ~` takes at once (`stream-node-max-entries`). */
const STREAM_NODE = 100

export class Keyspace {
  readonly #kept = new Map<string, Kept>()
  readonly #now: () => number
  /** Told of each change, in order. */
  changed: (change: Change) => void = () => {}
  /** Told of a stream that has grown. */
  grown: (key: string) => void = () => {}

  /** `now`: milliseconds of the server's clock since the epoch. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Keys that live, in the order in which they came. */
  get keys(): readonly string[] {
    return [...this.#kept.keys()].filter((key) => this.#alive(key) !== undefined)
  }

  /** Milliseconds since the epoch, by this server's clock. */
  time(): number {
    return this.#now()
  }

  get(key: string): Buffer | null {
    return this.#string(key)?.value ?? null
  }

  /** Both ends included, negative ones from the end. */
  getrange(key: string, first: number, last: number): Buffer {
    const value = this.get(key) ?? Buffer.alloc(0)
    const from = (at: number): number => Math.max(0, at < 0 ? value.length + at : at)
    return value.subarray(from(first), from(last) + 1)
  }

  /** -1: it stays; -2: it is not there. */
  pttl(key: string): number {
    const kept = this.#alive(key)
    if (kept === undefined) return -2
    return kept.expires === null ? -1 : Math.max(0, Math.ceil(kept.expires - this.#now()))
  }

  kind(key: string): Held['type'] | 'none' {
    return this.#alive(key)?.held.type ?? 'none'
  }

  exists(key: string): boolean {
    return this.#alive(key) !== undefined
  }

  set(key: string, value: Buffer | string | number, px: number | null = null): void {
    if (px !== null && !(px >= 1)) throw new CommandError("ERR invalid expire time in 'set' command")
    this.#apply({ do: 'set', key, value: bytes(value), expires: px === null ? null : this.#now() + px })
  }

  /** `PXAT`: until a moment of this server's time. What is over already is gone at once. */
  setUntil(key: string, value: Buffer | string, moment: number): void {
    if (!(moment >= 1)) throw new CommandError("ERR invalid expire time in 'set' command")
    this.#apply({ do: 'set', key, value: bytes(value), expires: moment })
  }

  /** `NX`: only where nothing is. */
  setAbsent(key: string, value: Buffer | string | number, px: number | null): boolean {
    if (this.exists(key)) return false
    this.set(key, value, px)
    return true
  }

  pexpire(key: string, px: number): boolean {
    if (!this.exists(key)) return false
    if (px <= 0) this.#apply({ do: 'remove', key })
    else this.#apply({ do: 'expire', key, expires: this.#now() + px })
    return true
  }

  /** How many were there. */
  del(...keys: readonly string[]): number {
    let gone = 0
    for (const key of keys) {
      if (!this.exists(key)) continue
      this.#apply({ do: 'remove', key })
      gone++
    }
    return gone
  }

  incrby(key: string, by: number): number {
    const value = Number(this.get(key)?.toString() ?? '0') + by
    if (!Number.isSafeInteger(value)) throw new CommandError('ERR value is not an integer or out of range')
    this.#apply({ do: 'set', key, value: bytes(value), expires: this.#kept.get(key)?.expires ?? null })
    return value
  }

  hset(key: string, field: string, value: Buffer | string | number): void {
    this.#hash(key)
    this.#apply({ do: 'field', key, field, value: bytes(value) })
  }

  hget(key: string, field: string): Buffer | null {
    return this.#hash(key)?.get(field) ?? null
  }

  hdel(key: string, field: string): void {
    if (this.#hash(key)?.has(field) === true) this.#apply({ do: 'field', key, field, value: null })
  }

  /** Fields and values in the order in which the fields came. */
  hgetall(key: string): readonly (readonly [field: string, value: Buffer])[] {
    return [...(this.#hash(key) ?? [])]
  }

  hlen(key: string): number {
    return this.#hash(key)?.size ?? 0
  }

  /** `id`: whole, or `<generation>-*`. `most`: `MAXLEN ~`. Answers the id. */
  xadd(key: string, id: string, fields: readonly (Buffer | string | number)[], most: number | null = null): string {
    const last = this.#stream(key)?.last ?? '0-0'
    const whole = nextId(id, last)
    this.#apply({ do: 'append', key, item: { id: whole, fields: fields.map(bytes) } })
    if (most !== null) this.#trimAbout(key, most)
    this.grown(key)
    return whole
  }

  /** The last id that the stream ever had; `null`: there is no stream. */
  xlast(key: string): string | null {
    return this.#stream(key)?.last ?? null
  }

  xlen(key: string): number {
    return this.#stream(key)?.items.length ?? 0
  }

  /** Items behind an id, at most `count`. */
  xbehind(key: string, after: string, count: number): readonly StreamItem[] {
    const items = this.#stream(key)?.items ?? []
    const first = placeIn(items, after, false)
    return items.slice(first, first + count)
  }

  /** `XRANGE` with both ends, `-` and `+` included. */
  xrange(key: string, first: string, last: string, count: number = Number.POSITIVE_INFINITY): readonly StreamItem[] {
    const items = this.#stream(key)?.items ?? []
    const from = first === '-' ? 0 : placeIn(items, first, true)
    const to = last === '+' ? items.length : placeIn(items, last, false)
    return items.slice(from, Math.min(to, from + count))
  }

  /** `XREVRANGE + -`. */
  xnewest(key: string, count: number): readonly StreamItem[] {
    return (this.#stream(key)?.items ?? []).slice(-count).reverse()
  }

  /** Exactly so many stay. */
  xtrim(key: string, most: number): void {
    const gone = this.xlen(key) - most
    if (gone > 0) this.#apply({ do: 'trim', key, gone })
  }

  flush(): void {
    this.#apply({ do: 'flush' })
  }

  /** Makes a change that happened elsewhere. */
  replay(change: Change): void {
    const kept = this.#kept
    switch (change.do) {
      case 'set':
        kept.set(change.key, { held: { type: 'string', value: change.value }, expires: change.expires })
        return
      case 'expire': {
        const before = kept.get(change.key)
        if (before !== undefined) before.expires = change.expires
        return
      }
      case 'remove':
        kept.delete(change.key)
        return
      case 'field':
        this.#replayField(change.key, change.field, change.value)
        return
      case 'append': {
        const stream = this.#held(change.key, { type: 'stream', items: [], last: '0-0' }) as Stream
        stream.items.push(change.item)
        stream.last = change.item.id
        return
      }
      case 'trim': {
        const stream = kept.get(change.key)?.held
        if (stream?.type === 'stream') stream.items = stream.items.slice(change.gone)
        return
      }
      case 'flush':
        kept.clear()
        return
      default:
        change satisfies never
    }
  }

  /** All that is held, as changes of which a new replica is made. */
  whole(): readonly Change[] {
    const changes: Change[] = []
    for (const [key, { held, expires }] of this.#kept) {
      if (held.type === 'string') changes.push({ do: 'set', key, value: held.value, expires })
      else {
        if (held.type === 'hash') for (const [field, value] of held.fields) changes.push({ do: 'field', key, field, value })
        else changes.push(...appends(key, held))
        if (expires !== null) changes.push({ do: 'expire', key, expires })
      }
    }
    return changes
  }

  #apply(change: Change): void {
    this.replay(change)
    this.changed(change)
  }

  #replayField(key: string, field: string, value: Buffer | null): void {
    const hash = this.#held(key, { type: 'hash', fields: new Map() })
    if (hash.type !== 'hash') return
    if (value !== null) hash.fields.set(field, value)
    else {
      hash.fields.delete(field)
      if (hash.fields.size === 0) this.#kept.delete(key)
    }
  }

  #held(key: string, fresh: Held): Held {
    const before = this.#kept.get(key)
    if (before !== undefined) return before.held
    this.#kept.set(key, { held: fresh, expires: null })
    return fresh
  }

  #trimAbout(key: string, most: number): void {
    const gone = Math.floor(Math.max(0, this.xlen(key) - most) / STREAM_NODE) * STREAM_NODE
    if (gone > 0) this.#apply({ do: 'trim', key, gone })
  }

  #alive(key: string): Kept | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    return kept.expires !== null && kept.expires <= this.#now() ? undefined : kept
  }

  #string(key: string): { value: Buffer } | null {
    const held = this.#living(key)
    if (held === undefined) return null
    if (held.type !== 'string') throw new CommandError(WRONG_TYPE)
    return held
  }

  #hash(key: string): Map<string, Buffer> | null {
    const held = this.#living(key)
    if (held === undefined) return null
    if (held.type !== 'hash') throw new CommandError(WRONG_TYPE)
    return held.fields
  }

  #stream(key: string): Stream | null {
    const held = this.#living(key)
    if (held === undefined) return null
    if (held.type !== 'stream') throw new CommandError(WRONG_TYPE)
    return held
  }

  /** What is dead makes room, so that nothing is added to it. */
  #living(key: string): Held | undefined {
    const kept = this.#alive(key)
    if (kept === undefined) this.#kept.delete(key)
    return kept?.held
  }
}

/** A stream that was emptied knows its last id still. */
function appends(key: string, { items, last }: Stream): readonly Change[] {
  if (items.length > 0) return items.map((item) => ({ do: 'append', key, item }))
  return [
    { do: 'append', key, item: { id: last, fields: [] } },
    { do: 'trim', key, gone: 1 },
  ]
}

const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'

/** How many items come before an id; with `before: false` one that has it counts as well. */
function placeIn(items: readonly StreamItem[], id: string, before: boolean): number {
  let from = 0
  let to = items.length
  while (from < to) {
    const middle = (from + to) >> 1
    const order = compareIds((items[middle] as StreamItem).id, id)
    if (order < 0 || (order === 0 && !before)) from = middle + 1
    else to = middle
  }
  return from
}

export function compareIds(one: string, other: string): number {
  const [a = 0, b = 0] = one.split('-').map(Number)
  const [c = 0, d = 0] = other.split('-').map(Number)
  return a - c || b - d
}

function nextId(id: string, last: string): string {
  const [generation = ''] = id.split('-')
  const [before = '0', number = '0'] = last.split('-')
  const whole = id.endsWith('-*') ? `${generation}-${generation === before ? Number(number) + 1 : 0}` : id
  if (compareIds(whole, last) <= 0)
    throw new CommandError('ERR The ID specified in XADD is equal or smaller than the target stream top item')
  return whole
}

function bytes(value: Buffer | string | number): Buffer {
  return typeof value === 'object' ? value : Buffer.from(String(value))
}
