/**
 * A body while it arrives: read from byte 0 by any number of readers at their own speeds, and kept if it is to be stored.
 *
 * Keeping, it never waits for a reader. Once it is not kept (private from the start, or grown too large), it holds a window:
 * the source pauses when it is a window ahead of the fastest reader, and a reader that falls too far behind is cut off visibly.
 */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../body/body.ts'
import { type BodyMemory, OWN_MEMORY } from './body-memory.ts'
import type { FillBudget } from './fill-budget.ts'
import { type Cursor, SEGMENT, Segments } from './segments.ts'
import { StoredBody } from './stored-body.ts'

export interface FillingLimits {
  /** Largest body that is kept, bytes. */
  readonly keep: number
  /** Bytes that the source may be ahead of the fastest reader once nothing is kept. */
  readonly window: number
  /** Shared with all other fillings: what is kept has to fit in. */
  readonly budget: FillBudget
}

export interface FillingOwner {
  /** The body grew larger than what is kept, or there is no room: nobody may join any more, nothing is stored. */
  oversize(): void
  /** The last of those who read it, or were going to, left before the end. */
  deserted(): void
  /** The body ended: whole (with what was kept, else `null`) or broken. Called before the readers learn of it. */
  filled(end: BodyEnd, stored: StoredBody | null): void
}

/** Readers that fell too far behind a body that is not kept. */
export class ReaderTooSlow extends Error {
  constructor() {
    super('the reader is too far behind a body that is not stored')
    this.name = 'ReaderTooSlow'
  }
}

/** In a window, smaller pieces are copied together once there is a backlog; and into how much. */
const SMALL = 2048
const SMALL_SEGMENT = 16 * 1024

export class Filling implements Body, BodySink {
  readonly length: number | null
  readonly #limits: FillingLimits
  readonly #owner: FillingOwner
  #keeping: boolean
  /** Bytes taken from the budget. */
  #budgeted = 0
  readonly #segments = new Segments()
  readonly #readers = new Set<FillingReader>()
  /** Places of those who are going to read. */
  readonly #holds = new Set<Cursor>()
  /** How far the fastest reader ever came. */
  #furthest = 0
  #source: BodyFlow | null = null
  #sourcePaused = false
  #end: BodyEnd | null = null

  constructor(length: number | null, keep: boolean, limits: FillingLimits, owner: FillingOwner) {
    this.length = length
    this.#keeping = keep && (length === null || length <= limits.keep)
    this.#limits = limits
    this.#owner = owner
  }

  /** Connects the source; bytes may arrive before this returns. */
  fill(body: Body): void {
    if (this.#end !== null) {
      // Everybody left before the first byte: the source is only told so.
      body.read({ chunk: () => false, end: () => {} }).cancel(new Error('nobody reads this body'))
      return
    }
    const source = body.read(this)
    this.#source = source
    // It may have been broken off by a reader of the first bytes.
    if (this.#end !== null) source.cancel(new Error('nobody reads this body'))
    else if (!this.#sourcePaused) source.resume()
  }

  get received(): number {
    return this.#segments.received
  }

  /** What is kept is copied; a window is of views. */
  get copies(): boolean {
    return this.#keeping
  }

  get ended(): boolean {
    return this.#end !== null
  }

  get outcome(): BodyEnd | null {
    return this.#end
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Whether what has arrived is kept for those to come. */
  get keeping(): boolean {
    return this.#keeping
  }

  /** Whether anybody reads it or is going to. */
  get wanted(): boolean {
    return this.#readers.size > 0 || this.#holds.size > 0
  }

  /** Bytes held in memory. */
  get held(): number {
    return this.#segments.received - this.#segments.dropped
  }

  /** Somebody is going to read: until the answer is called, byte 0 stays and the body is not deserted. */
  hold(): () => void {
    const place = this.#segments.enter()
    this.#holds.add(place)
    return () => this.#release(place)
  }

  chunk(bytes: Buffer): boolean {
    if (this.#end !== null) return false
    if (bytes.length === 0) return !this.#sourcePaused
    const copies = this.#keeping
    if (this.#keeping && (this.received + bytes.length > this.#limits.keep || !this.#budget(bytes.length))) {
      this.#stopKeeping()
      this.#owner.oversize()
      if (this.ended) return false
    }
    if (this.#keeping) this.#segments.append(bytes, this.#capacity(bytes.length), this.#exact)
    else if (bytes.length <= SMALL && !this.#segments.empty) this.#segments.append(bytes, SMALL_SEGMENT)
    else this.#segments.push(copies ? Buffer.from(bytes) : bytes)
    for (const reader of this.#readers) reader.pump()
    if (this.ended) return false
    return this.#keeping || this.#windowOpen()
  }

  end(how: BodyEnd): void {
    if (this.#end !== null) return
    const short = how.type === 'complete' && this.length !== null && this.received !== this.length
    const end: BodyEnd = short ? { type: 'reset', cause: new Error('the body has another length than was announced') } : how
    this.#end = end
    this.#limits.budget.give(this.#budgeted)
    this.#budgeted = 0
    const stored =
      end.type === 'complete' && this.#keeping ? new StoredBody(this.#segments.compact(this.#cursors(), this.#limits.budget.memory)) : null
    if (stored === null && this.#keeping) this.#dropped()
    this.#owner.filled(end, stored)
    for (const reader of [...this.#readers]) reader.pump()
  }

  /** Breaks it off: the source is cancelled and every reader sees a reset. */
  abort(cause: Error): void {
    if (this.#end !== null) return
    this.#source?.cancel(cause)
    this.end({ type: 'reset', cause })
  }

  read(sink: BodySink): BodyFlow {
    const reader = new FillingReader(this, this.#segments.enter(), sink)
    this.#readers.add(reader)
    reader.pump()
    this.#flowOn()
    return reader
  }

  /** What a reader has not read yet: see `Segments.take`. */
  take(cursor: Cursor): Buffer | null | undefined {
    return this.#segments.take(cursor)
  }

  /** A reader advanced, finished or left. */
  moved(reader: FillingReader, gone: boolean): void {
    const { cursor } = reader
    if (cursor.position > this.#furthest) this.#furthest = cursor.position
    if (gone && this.#readers.delete(reader)) this.#segments.leave(cursor)
    if (this.#end !== null) return
    if (gone && !this.wanted) {
      this.#owner.deserted()
      return
    }
    this.#dropRead()
    this.#flowOn()
  }

  #release(place: Cursor): void {
    if (!this.#holds.delete(place)) return
    this.#segments.leave(place)
    if (this.#end !== null) return
    if (!this.wanted) this.#owner.deserted()
    else this.#dropRead()
  }

  #budget(bytes: number): boolean {
    if (!this.#limits.budget.take(bytes)) return false
    this.#budgeted += bytes
    return true
  }

  #stopKeeping(): void {
    this.#dropped()
    this.#keeping = false
    this.#limits.budget.give(this.#budgeted)
    this.#budgeted = 0
  }

  /** What was kept will not be stored. */
  #dropped(): void {
    this.#limits.budget.memory.dropped(this.length === null ? 0 : this.received)
  }

  /** That of what is stored as it arrives; where the length is not known, all is laid out anew at the end. */
  get #exact(): BodyMemory {
    return this.length === null ? OWN_MEMORY : this.#limits.budget.memory
  }

  /** Of the next segment: exact when the length is known, else as much again as there is. */
  #capacity(bytes: number): number {
    const wanted = this.length === null ? Math.max(bytes, this.received) : Math.max(bytes, this.length - this.received)
    return Math.min(wanted, SEGMENT)
  }

  #windowOpen(): boolean {
    this.#dropRead()
    this.#sourcePaused = this.received - this.#furthest >= this.#limits.window
    return !this.#sourcePaused
  }

  #flowOn(): void {
    if (this.#end === null && this.#sourcePaused && this.#windowOpen()) this.#source?.resume()
  }

  /** Gives up what all have read, and those who are too far behind. As long as nobody reads, all is left for who will. */
  #dropRead(): void {
    if (this.#keeping || !this.wanted) return
    this.#segments.drop()
    const furthestBack = this.received - this.#limits.keep - this.#limits.window
    if (this.#segments.dropped >= furthestBack) return
    for (const place of this.#holds) {
      this.#segments.leave(place)
      place.index = -1
    }
    for (const reader of [...this.#readers]) if (reader.cursor.position < furthestBack) reader.cutOff(new ReaderTooSlow())
    this.#segments.drop()
  }

  *#cursors(): IterableIterator<Cursor> {
    for (const reader of this.#readers) yield reader.cursor
    yield* this.#holds
  }
}

class FillingReader implements BodyFlow {
  readonly #filling: Filling
  readonly #sink: BodySink
  readonly cursor: Cursor
  #paused = false
  #busy = false
  #over = false

  constructor(filling: Filling, cursor: Cursor, sink: BodySink) {
    this.#filling = filling
    this.cursor = cursor
    this.#sink = sink
  }

  /** Passes on what has arrived. */
  pump(): void {
    if (this.#busy || this.#paused || this.#over) return
    this.#busy = true
    const before = this.cursor.position
    while (!this.#paused && !this.#over) {
      const bytes = this.#filling.take(this.cursor)
      if (bytes === undefined) {
        this.#finish({ type: 'reset', cause: new ReaderTooSlow() })
        break
      }
      if (bytes === null) {
        const end = this.#filling.outcome
        if (end !== null) this.#finish(end)
        break
      }
      if (!this.#sink.chunk(bytes)) this.#paused = true
    }
    this.#busy = false
    if (this.#over || this.cursor.position !== before) this.#filling.moved(this, this.#over)
  }

  resume(): void {
    this.#paused = false
    this.pump()
  }

  cancel(): void {
    if (this.#over) return
    this.#over = true
    if (!this.#busy) this.#filling.moved(this, true)
  }

  /** Ends this reader visibly. */
  cutOff(cause: Error): void {
    if (this.#over) return
    this.#finish({ type: 'reset', cause })
    if (!this.#busy) this.#filling.moved(this, true)
  }

  #finish(end: BodyEnd): void {
    this.#over = true
    this.#sink.end(end)
  }
}
