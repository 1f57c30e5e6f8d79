/** What one worker reads and writes of the shared table: entries under a key, their records, and room for new ones. */

import { hashOf } from '../hash.ts'
import { Marker } from '../marker.ts'
import { Appender } from './appender.ts'
import { Arena } from './arena.ts'
import { Control } from './control.ts'
import { Entries, LIVE } from './entries.ts'
import { Epochs } from './epochs.ts'
import { entryOf, handleOf } from './handle.ts'
import type { SharedMemory } from './memory.ts'
import { RecordDraft, type Recorded, recordHasKey } from './record.ts'
import { noticesOf, type Ring, spareBlocksOf, spareEntriesOf } from './ring.ts'

/** A time in tenths of a second and a number of failures share a word, for ten months of one process. */
const TENTH = 100
const FAILURES_BITS = 4
const MOST_FAILURES = 15

/** Where the entries of a key are. */
export interface Chain {
  readonly key: string
  readonly hash: number
  readonly bucket: number
}

export class Far {
  readonly control: Control
  readonly entries: Entries
  readonly #memory: SharedMemory
  readonly #participant: number
  readonly #epochs: Epochs
  readonly #arena: Arena
  readonly #appender: Appender
  readonly #spareEntries: Ring
  readonly #notices: Ring
  readonly #wake: () => void
  /** Entries that were taken and not used. */
  readonly #unused: number[] = []

  /** `wake` is called when the librarian has something to do. */
  constructor(memory: SharedMemory, participant: number, wake: () => void) {
    this.control = new Control(memory)
    this.entries = new Entries(memory)
    this.#memory = memory
    this.#participant = participant
    this.#epochs = new Epochs(this.control)
    this.#arena = new Arena(memory)
    this.#appender = new Appender(this.#arena, spareBlocksOf(memory, participant), wake)
    this.#spareEntries = spareEntriesOf(memory, participant)
    this.#notices = noticesOf(memory, participant)
    this.#wake = wake
  }

  chain(key: string): Chain {
    const hash = hashOf(key, this.#memory.seed)
    return { key, hash, bucket: this.entries.bucketOf(hash) }
  }

  /**
   * Shows every live entry under a key, the newest first, with its record; nothing of them may be held on to. What `visit` answers is the
   * same afterwards as it was before: entries may be killed and linked meanwhile.
   */
  walk(chain: Chain, visit: (entry: number, buffer: Buffer, at: number) => void): void {
    const { entries } = this
    this.#epochs.enter(this.#participant)
    try {
      for (let entry = entries.first(chain.bucket); entry !== 0; entry = entries.next(entry)) {
        if (entries.hash(entry) !== chain.hash || !entries.isLive(entry)) continue
        const address = entries.address(entry)
        const buffer = this.#arena.bufferAt(address)
        const at = this.#arena.offsetAt(address)
        if (recordHasKey(buffer, at, chain.key)) visit(entry, buffer, at)
      }
    } finally {
      this.#epochs.leave(this.#participant)
    }
  }

  handle(entry: number): number {
    return handleOf(entry, this.entries.generation(entry))
  }

  /** Whether a handle is still what it was made for. */
  knows(handle: number): boolean {
    const entry = entryOf(handle)
    return this.entries.isLive(entry) && this.handle(entry) === handle
  }

  /** Position of the log from which on an entry is to be tested. */
  testedUpTo(entry: number): number {
    const { entries } = this
    const noticed = entries.noticed(entry) !== 0
    const checked = entries.checked(entry)
    return noticed ? Math.max(checked, this.control.settled) : checked
  }

  /**
   * Makes an entry readable for all. `before` is told its handle while nobody can find it yet. Answers the handle; 0: there is no room.
   */
  put(chain: Chain, putting: Recorded, checked: number, before: ((handle: number) => void) | null): number {
    const { entries } = this
    const { entry: what } = putting
    const draft = new RecordDraft(putting)
    const entry = this.#notices.free > 0 ? (this.#unused.pop() ?? this.#spareEntries.shift()) : 0
    const address = entry === 0 ? 0 : this.#appender.take(draft.size)
    if (address === 0) {
      if (entry !== 0) this.#unused.push(entry)
      this.#wake()
      return 0
    }
    const handle = this.handle(entry)
    draft.write(this.#arena.bufferAt(address), this.#arena.offsetAt(address), handle)
    entries.setHash(entry, chain.hash)
    entries.setAddress(entry, address)
    entries.setSize(entry, draft.size)
    entries.setLarge(entry, putting.body === null && !(what instanceof Marker) ? 1 : 0)
    entries.setChecked(entry, checked)
    entries.setUsed(entry, 0)
    entries.setHits(entry, what instanceof Marker ? 0 : what.hits)
    entries.setOwner(entry, this.#participant)
    entries.setSequence(entry, this.control.next())
    entries.setNoticed(entry, 0)
    entries.setTtl(entry, what instanceof Marker ? 0 : what.ttl)
    entries.setPostponed(entry, 0)
    before?.(handle)
    entries.setState(entry, LIVE)
    entries.link(entry)
    this.#notices.push(entry)
    this.#wake()
    return handle
  }

  /** As `kill`, of an entry that was found some time ago. */
  end(handle: number): boolean {
    this.#epochs.enter(this.#participant)
    const ended = this.knows(handle) && this.kill(entryOf(handle))
    this.#epochs.leave(this.#participant)
    return ended
  }

  /** Ends an entry for all. `false`: somebody else did. */
  kill(entry: number): boolean {
    if (!this.entries.kill(entry)) return false
    // Should there be no place, it is found dead when its block is looked through.
    this.#notices.push(-entry)
    this.#wake()
    return true
  }

  /** A refresh failed, which all have to know. */
  postpone(handle: number, failures: number, retryAt: number): void {
    const { entries } = this
    if (!this.knows(handle)) return
    const entry = entryOf(handle)
    entries.setPostponed(entry, (Math.ceil(retryAt / TENTH) << FAILURES_BITS) | failures)
    entries.touchVersion(entries.bucketOf(entries.hash(entry)))
  }

  /** How often the refresh of an object failed, and when it may be tried again (monotonic ms); `null`: it did not. */
  postponed(entry: number): { readonly failures: number; readonly retryAt: number } | null {
    const word = this.entries.postponed(entry)
    return word === 0 ? null : { failures: word & MOST_FAILURES, retryAt: (word >>> FAILURES_BITS) * TENTH }
  }

  /** It was used: it stays when room is made for others. Answers how often it was. */
  use(handle: number): number {
    const { entries } = this
    const entry = entryOf(handle)
    if (entries.used(entry) === 0) entries.setUsed(entry, 1)
    entries.addHits(entry, 1)
    return entries.hits(entry)
  }

  /** How often it was used. */
  hits(handle: number): number {
    return this.entries.hits(entryOf(handle))
  }
}
