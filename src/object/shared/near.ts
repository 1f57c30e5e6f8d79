/**
 * What a worker has at hand of the shared table: an ordinary table of this thread, with the objects that it was asked for last. Before a key is
 * looked up in it, what lies under the key is brought in step with the shared table, unless nothing has changed there.
 */
import type { BanTests } from '../ban-view.ts'
import { KeyTable } from '../key-table.ts'
import type { Kept, LocalTable } from '../local-table.ts'
import type { Marker } from '../marker.ts'
import { CachedObject } from '../object.ts'
import { StoredBody } from '../stored-body.ts'
import type { Chain, Far } from './far.ts'
import { entryOf } from './handle.ts'
import { Away } from './large-bodies.ts'
import { HIT_FOR_MISS, type Label, readLabel, readMarker, readObject, recordStoredAt, WHOLE } from './record.ts'
import { isAfter } from './serial.ts'

/** What is known of the entries of a key. */
interface Known extends Chain {
  /** Of the bucket, when its chain was walked; `null`: it has to be. */
  version: number | null
}

/** Keys of which that is known although nothing is at hand, before they are forgotten. */
const SPARE_KEYS = 1000

export interface NearInit {
  readonly far: Far
  readonly table: LocalTable
  readonly bans: BanTests
  readonly now: () => number
  /** Told of an entry that an active ban may name. */
  readonly doomed: (handle: number) => void
  /** Told of an object at hand whose body has memory of its own. */
  readonly large: (object: CachedObject) => void
}

/** The newest entry of one place under a key. */
interface Found {
  readonly entry: number
  readonly handle: number
  readonly label: Label
  /** What is at hand of it. */
  readonly known: CachedObject | Marker | null
  /** What was read of it. */
  readonly made: CachedObject | Marker | null
}

export class Near {
  readonly #init: NearInit
  readonly #keys = new KeyTable<Known>()

  constructor(init: NearInit) {
    this.#init = init
  }

  /** Brings what is at hand under a key in step. */
  refresh(key: string): void {
    const known = this.#keys.get(key) ?? this.#know(key)
    const version = this.#init.far.entries.version(known.bucket)
    if (version === known.version) return
    known.version = version
    this.#sync(known)
  }

  /** Something under a key is at hand no longer, though it may be stored still. */
  evicted(key: string): void {
    this.#keys.delete(key)
  }

  chain(key: string): Chain {
    return this.#keys.get(key) ?? this.#know(key)
  }

  /** An entry takes the place of older ones: those end. */
  supersede(chain: Chain, handle: number): void {
    const { far } = this.#init
    const others: [entry: number, label: Label][] = []
    let own: Label | null = null
    far.walk(chain, (entry, buffer, at) => {
      if (far.handle(entry) === handle) own = readLabel(buffer, at)
      else others.push([entry, readLabel(buffer, at)])
    })
    if (own === null) return
    const sequence = far.entries.sequence(entryOf(handle))
    for (const [entry, label] of others) if (supersedes(own, label) && isAfter(sequence, far.entries.sequence(entry))) far.kill(entry)
  }

  #know(key: string): Known {
    if (this.#keys.size > 2 * this.#init.table.keys + SPARE_KEYS) this.#tidy()
    const known = { ...this.#init.far.chain(key), version: null }
    this.#keys.put(known)
    return known
  }

  #tidy(): void {
    for (const { key } of this.#keys.values()) if (!this.#init.table.has(key)) this.#keys.delete(key)
  }

  #sync(chain: Chain): void {
    const { table } = this.#init
    const atHand = table.keptUnder(chain.key)
    const found = this.#walk(chain, atHand)
    for (const { entry } of atHand) if (!found.some(({ handle }) => handle === entry.handle)) table.drop(entry)
    // The newest last, so that its list of names becomes the newest.
    for (let i = found.length - 1; i >= 0; i--) this.#take(found[i] as Found)
  }

  /** Of each place the newest entry. Most keys have one. */
  #walk(chain: Chain, atHand: readonly Kept[]): readonly Found[] {
    const { far } = this.#init
    const found: Found[] = []
    far.walk(chain, (entry, buffer, at) => {
      const label = readLabel(buffer, at)
      if (found.some((newer) => inOnePlace(newer.label, label))) return
      const handle = far.handle(entry)
      const known = atHand.find((kept) => kept.entry.handle === handle && since(kept.entry) === recordStoredAt(buffer, at))?.entry ?? null
      found.push({ entry, handle, label, known, made: known === null ? this.#read(entry, handle, label, buffer, at) : null })
    })
    return found
  }

  #read(entry: number, handle: number, { kind }: Label, buffer: Buffer, at: number): CachedObject | Marker {
    const { far } = this.#init
    const made =
      kind >= HIT_FOR_MISS
        ? readMarker(buffer, at)
        : readObject(buffer, at, { ttl: far.entries.ttl(entry), body: (length) => new StoredBody(new Away(handle, length ?? 0)) })
    made.handle = handle
    made.checked = far.testedUpTo(entry)
    return made
  }

  /** What was purged softly is stale for all, and a refresh that failed is tried again by one. */
  #update(object: CachedObject, entry: number): void {
    const { far } = this.#init
    object.ttl = Math.min(object.ttl, far.entries.ttl(entry))
    const postponed = far.postponed(entry)
    if (postponed !== null && postponed.retryAt > object.retryAt) object.failed(postponed.failures, postponed.retryAt)
  }

  #take({ entry, handle, label, known, made }: Found): void {
    const { far, table, bans } = this.#init
    const object = known ?? made
    if (object instanceof CachedObject) this.#update(object, entry)
    if (made === null || made.expiresAt <= this.#init.now()) return
    const { checked } = made
    const adopted = table.adopt(made, label.names, label.variant)
    if (!adopted && bans.newest > checked) this.#init.doomed(handle)
    if (adopted && made instanceof CachedObject && far.entries.large(entry) !== 0) this.#init.large(made)
  }
}

/** As `recordStoredAt` tells it. */
function since(entry: CachedObject | Marker): number {
  return entry instanceof CachedObject ? entry.storedAt : entry.expiresAt
}

function inOnePlace(one: Label, other: Label): boolean {
  if (one.variant !== other.variant || one.names.join() !== other.names.join()) return false
  return one.kind < HIT_FOR_MISS ? one.kind === other.kind : other.kind >= HIT_FOR_MISS && one.credentialed === other.credentialed
}

/** Whether what lies in one place ends what lies in another: a refusal that of its class, an object every refusal, and the whole a part, too. */
function supersedes(label: Label, other: Label): boolean {
  if (label.variant !== other.variant || label.names.join() !== other.names.join()) return false
  if (label.kind >= HIT_FOR_MISS) return other.kind >= HIT_FOR_MISS && label.credentialed === other.credentialed
  return label.kind === WHOLE || other.kind !== WHOLE
}
