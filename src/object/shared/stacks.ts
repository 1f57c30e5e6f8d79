/**
 * The librarian's hands: takes what workers have stored into the books, takes out of shared memory what has left them, makes room, and gives the
 * workers what they need to store more. All of it is done by one thread.
 */
import type { LocalTable } from '../local-table.ts'
import { CachedObject } from '../object.ts'
import { StoredBody } from '../stored-body.ts'
import { Appender } from './appender.ts'
import { Arena } from './arena.ts'
import { Blocks } from './blocks.ts'
import { BookedBody, BookedObject, type Library } from './booked-object.ts'
import type { Books } from './books.ts'
import { Burials } from './burials.ts'
import type { Control } from './control.ts'
import { DEAD, Entries, HANDED } from './entries.ts'
import { Epochs } from './epochs.ts'
import { entryOf, handleOf } from './handle.ts'
import { fromSharedBuffers } from './large-bodies.ts'
import { LargeKeeper } from './large-keeper.ts'
import { BLOCK, ENTRY_WORDS, type SharedMemory, UNIT } from './memory.ts'
import { HIT_FOR_MISS, readBody, readInit, readLabel, readMarker, readObject, recordBodyLength } from './record.ts'
import { repair } from './repair.ts'
import { noticesOf, type Ring, spareBlocksOf, spareEntriesOf } from './ring.ts'
import { isAfter } from './serial.ts'
import type { SharedGarbage } from './shared-garbage.ts'

export interface StacksInit {
  readonly memory: SharedMemory
  readonly control: Control
  /** Bytes that all that is stored may take, books included. */
  readonly limit: number
  readonly books: Books
  readonly table: LocalTable
  readonly log: { readonly head: number }
  /** What this thread lets go of in shared memory. */
  readonly garbage: SharedGarbage
  /** A body with memory of its own is stored no longer; a worker holds it still. */
  readonly dropped: (handle: number, holder: number) => void
  /** Its bytes may be on their way. */
  readonly fetchLarge: (owner: number) => void
}

interface Supplies {
  readonly entries: Ring
  readonly blocks: Ring
  readonly notices: Ring
}

const LIBRARIAN = 0
/** Blocks and entries that wait in a worker's ring, at most. */
const MOST_BLOCKS = 16
const MOST_ENTRIES = 2048
const ENTRY_BYTES: number = ENTRY_WORDS * 4
/** Of what was in a block, as much as may be kept on when it is given back. */
const SURVIVORS = 0.5

export class Stacks implements Library {
  readonly large: LargeKeeper
  readonly #init: StacksInit
  readonly #entries: Entries
  readonly #epochs: Epochs
  readonly #arena: Arena
  readonly #blocks: Blocks
  readonly #appender: Appender
  readonly #supplies = new Map<number, Supplies>()
  readonly #mostBlocks: number
  readonly #mostEntries: number
  /** Entries to be handed out, and the first that was never used. */
  readonly #free: number[] = []
  #fresh = 1
  readonly #burials: Burials

  constructor(init: StacksInit) {
    const { memory, control, books } = init
    this.#init = init
    this.large = new LargeKeeper(init.garbage)
    this.#entries = new Entries(memory)
    this.#epochs = new Epochs(control)
    this.#arena = new Arena(memory)
    this.#blocks = new Blocks(memory.blocks)
    this.#burials = new Burials(this.#epochs, {
      entry: (entry) => this.#renew(entry),
      block: (block) => this.#blocks.giveBack(block),
    })
    this.#appender = new Appender(this.#arena, { shift: () => this.#blocks.take(LIBRARIAN) }, () => this.#blocks.seal(LIBRARIAN, 0))
    const workers = memory.participants - 1
    this.#mostBlocks = Math.max(1, Math.min(MOST_BLOCKS, Math.floor(memory.blocks / (8 * workers))))
    this.#mostEntries = Math.max(1, Math.min(MOST_ENTRIES, Math.floor(memory.entries / (4 * workers))))
    books.onClosed = (entry) => this.#bury(entry)
  }

  /** Objects and refusals in the books. */
  get entries(): number {
    return this.#init.books.count
  }

  /** A worker begins: its rings are empty. */
  admit(participant: number): void {
    const { memory } = this.#init
    const supplies = {
      entries: spareEntriesOf(memory, participant),
      blocks: spareBlocksOf(memory, participant),
      notices: noticesOf(memory, participant),
    }
    this.#supplies.set(participant, supplies)
    this.#supply(participant, supplies)
  }

  /** A worker is dead: what it had finished is kept, what it had begun is free again. */
  abandon(participant: number): void {
    const supplies = this.#supplies.get(participant)
    if (supplies === undefined) return
    this.#epochs.abandon(participant)
    this.#take(supplies.notices)
    this.#supplies.delete(participant)
    repair(participant, {
      entries: this.#entries,
      books: this.#init.books,
      burials: this.#burials,
      fresh: this.#fresh,
      book: (entry) => this.#book(entry),
      renew: (entry) => this.#renew(entry),
    })
    for (const handle of this.large.handles()) if (this.find(handle) === null) this.large.drop(handle)
    this.#blocks.abandon(participant, supplies.blocks)
    this.large.forget(participant)
    for (const ring of Object.values(supplies)) ring.reset()
  }

  /** Takes everything into the books that has been stored until now. */
  takeNotices(): void {
    for (const { notices } of this.#supplies.values()) this.#take(notices)
  }

  /** Makes room and hands out what is wanted, for a while. Tells when to go on: `now`, once workers have moved on, or when there is something new. */
  work(between: () => boolean): 'now' | 'soon' | 'woken' {
    // A block is sealed once all that it holds is in the books: what a worker fills while they are written up is sealed the next time.
    const waiting = Array.from(this.#supplies, ([participant, { blocks }]) => [participant, blocks.length] as const)
    this.takeNotices()
    for (const [participant, length] of waiting) this.#blocks.seal(participant, length)
    this.#burials.reclaim()
    while (this.#isFull()) {
      if (!this.#makeRoom()) break
      if (!between()) return 'now'
    }
    this.#burials.reclaim()
    for (const [participant, supplies] of this.#supplies) this.#supply(participant, supplies)
    return this.#epochs.waiting > 0 ? 'soon' : 'woken'
  }

  /** A worker ended an entry. */
  close(entry: number): void {
    // What is not in the books yet is found dead when its notice comes.
    const booked = this.#init.books.at(entry)
    if (booked !== null && this.#entries.state(entry) === DEAD) this.#init.books.remove(booked, 'superseded')
  }

  /** What is in the books under a handle; `null`: it is there no longer. */
  find(handle: number): CachedObject | null {
    const booked = this.#init.books.at(entryOf(handle))
    return booked instanceof CachedObject && booked.handle === handle ? booked : null
  }

  /** An object became stale sooner. */
  softened(object: CachedObject): void {
    const entry = entryOf(object.handle)
    this.#entries.setTtl(entry, object.ttl)
    this.#entries.touchVersion(this.#entries.bucketOf(this.#entries.hash(entry)))
  }

  hits(object: CachedObject): number {
    return this.#entries.hits(entryOf(object.handle))
  }

  whole(handle: number): CachedObject {
    const address = this.#entries.address(entryOf(handle))
    const whole = readObject(this.#arena.bufferAt(address), this.#arena.offsetAt(address), {
      body: () => {
        const buffers = this.large.get(handle)
        if (buffers === null) throw new Error('the bytes of this body are not here')
        return fromSharedBuffers(buffers)
      },
    })
    whole.handle = handle
    return whole
  }

  bytesOf(handle: number): readonly Buffer[] {
    const entry = entryOf(handle)
    if (this.#entries.large(entry) !== 0) return (this.large.get(handle) ?? []).map((buffer) => Buffer.from(buffer))
    const address = this.#entries.address(entry)
    return [readBody(this.#arena.bufferAt(address), this.#arena.offsetAt(address))]
  }

  #take(notices: Ring): void {
    for (let notice = notices.shift(); notice !== 0; notice = notices.shift()) {
      if (notice > 0) this.#book(notice)
      else this.close(-notice)
    }
  }

  /** What a worker stored is in the books from now on, unless it has ended or an invalidation took it. */
  #book(entry: number): void {
    const { books, log } = this.#init
    const entries = this.#entries
    if (books.at(entry) !== null || this.#burials.has(entry)) return
    this.#blocks.enter(this.#arena.blockOf(entries.address(entry)), entry, sizeIn(entries.size(entry)))
    if (!entries.isLive(entry) || !this.#enter(entry)) {
      entries.kill(entry)
      this.#bury(entry)
      return
    }
    entries.setChecked(entry, log.head)
    entries.setNoticed(entry, 1)
  }

  #enter(entry: number): boolean {
    const { table } = this.#init
    const entries = this.#entries
    const address = entries.address(entry)
    const buffer = this.#arena.bufferAt(address)
    const at = this.#arena.offsetAt(address)
    const handle = handleOf(entry, entries.generation(entry))
    const { kind, names, variant } = readLabel(buffer, at)
    const checked = entries.checked(entry)
    if (kind >= HIT_FOR_MISS) {
      const marker = readMarker(buffer, at)
      marker.handle = handle
      marker.checked = checked
      return table.adopt(marker, names, variant)
    }
    const length = recordBodyLength(buffer, at) ?? 0
    const body = new StoredBody(new BookedBody(handle, length, this))
    const init = readInit(buffer, at, { body: () => body, within: () => body, ttl: entries.ttl(entry), position: checked })
    const isLarge = entries.large(entry) !== 0
    if (isLarge && this.large.get(handle) === null) this.#init.fetchLarge(entries.owner(entry))
    if (isLarge && this.large.get(handle) === null) return false
    const object = new BookedObject(init, handle, sizeIn(entries.size(entry)) + ENTRY_BYTES + (isLarge ? length : 0), this)
    if (this.#isOlder(object, entry, names, variant)) return false
    if (isLarge) this.#makeRoomFor(length)
    table.publish(null, object, names, variant, true)
    if (!table.complete(object)) return false
    if (object.ttl < entries.ttl(entry)) this.softened(object)
    return true
  }

  /** Large bodies come faster than turns of work. */
  #makeRoomFor(bytes: number): void {
    while (this.#taken + bytes > this.#init.limit) if (!this.#makeRoom()) break
  }

  /** Whether something newer has its place: two workers stored it at once. */
  #isOlder({ key, part }: CachedObject, entry: number, names: readonly string[], variant: string): boolean {
    const sequence = this.#entries.sequence(entry)
    return this.#init.table
      .keptUnder(key)
      .some(
        (kept) =>
          kept.entry instanceof CachedObject &&
          kept.variant === variant &&
          kept.names.join() === names.join() &&
          (kept.entry.part === null) === (part === null) &&
          isAfter(this.#entries.sequence(entryOf(kept.entry.handle)), sequence),
      )
  }

  /** It is out of the books, and of no use to anybody who comes. */
  #bury(entry: number): void {
    if (this.#burials.has(entry)) return
    const entries = this.#entries
    entries.kill(entry)
    entries.unlink(entry)
    this.#burials.addEntry(entry)
    this.#blocks.leave(this.#arena.blockOf(entries.address(entry)), sizeIn(entries.size(entry)))
    if (entries.large(entry) === 0) return
    const handle = handleOf(entry, entries.generation(entry))
    for (const holder of this.large.drop(handle)) this.#init.dropped(handle, holder)
  }

  #renew(entry: number): void {
    this.#entries.renew(entry)
    this.#free.push(entry)
  }

  get #freeEntries(): number {
    return this.#free.length + this.#burials.entries + this.#entries.count + 1 - this.#fresh
  }

  /** Bytes of all that is stored, with what is free in blocks that are used. */
  get #taken(): number {
    return this.#blocks.bytes - this.#burials.blocks * BLOCK + this.#init.books.bytes - this.#blocks.live
  }

  /** Whether what is stored takes more than it may, or less is free than the workers want. What is about to be free counts as free. */
  #isFull(): boolean {
    const workers = this.#supplies.size
    return (
      this.#taken > this.#init.limit ||
      this.#blocks.free + this.#burials.blocks < workers * this.#mostBlocks ||
      this.#freeEntries < workers * this.#mostEntries
    )
  }

  /**
   * Empties the block that is worth least of the oldest: what was used since it was written, or since it was looked at last, is copied to the
   * librarian's own block, as much as pays; the rest goes. What came once and was never asked for again so goes first. `false`: there is none.
   */
  #makeRoom(): boolean {
    const { books } = this.#init
    const picked = this.#blocks.pick()
    if (picked === null) return this.#dropOpen()
    const { block, entries } = picked
    let room = picked.live * SURVIVORS
    for (const entry of entries) {
      const booked = books.at(entry)
      const address = this.#entries.address(entry)
      if (booked === null || this.#arena.blockOf(address) !== block) continue
      const size = this.#entries.size(entry)
      if (this.#entries.used(entry) !== 0 && size <= room && this.#move(entry, address, size)) room -= size
      else books.remove(booked, 'lru')
    }
    this.#burials.addBlock(block)
    return true
  }

  /** Large bodies can take all the room while their records fill no block: one goes that was not used since it was looked at last. */
  #dropOpen(): boolean {
    const { books } = this.#init
    let last: number | null = null
    for (const entry of this.#blocks.open()) {
      if (this.#entries.large(entry) === 0 || books.at(entry) === null) continue
      last = entry
      if (this.#entries.used(entry) === 0) break
      this.#entries.setUsed(entry, 0)
    }
    const booked = last === null ? null : books.at(last)
    if (booked !== null) books.remove(booked, 'lru')
    return booked !== null
  }

  #move(entry: number, address: number, size: number): boolean {
    const to = this.#appender.take(size)
    if (to === 0) return false
    const arena = this.#arena
    const from = arena.offsetAt(address)
    arena.bufferAt(address).copy(arena.bufferAt(to), arena.offsetAt(to), from, from + size)
    this.#entries.setUsed(entry, 0)
    this.#entries.setAddress(entry, to)
    this.#blocks.leave(arena.blockOf(address), sizeIn(size))
    this.#blocks.enter(arena.blockOf(to), entry, sizeIn(size))
    return true
  }

  #supply(participant: number, { entries, blocks }: Supplies): void {
    while (blocks.length < this.#mostBlocks) {
      const block = this.#blocks.take(participant)
      if (block === 0) break
      blocks.push(block)
    }
    while (entries.length < this.#mostEntries) {
      const entry = this.#free.pop() ?? (this.#fresh <= this.#entries.count ? this.#fresh++ : 0)
      if (entry === 0) break
      this.#entries.setOwner(entry, participant)
      this.#entries.setState(entry, HANDED)
      entries.push(entry)
    }
  }
}

function sizeIn(bytes: number): number {
  return Math.ceil(bytes / UNIT) * UNIT
}
