/**
 * A body while it arrives: read from byte 0 by any number of readers at their own speeds, and kept if it is to be stored.
 *
 * Keeping, it never waits for a reader. Once it is not kept (private from the start, or grown too large), it holds a window:
 * the source pauses when it is a window ahead of the fastest reader, and a reader that falls too far behind is cut off visibly.
 */
import type { Body, BodyEnd, BodyFlow, BodySink } from '../body/body.ts'
import { StoredBody } from './stored-body.ts'

export interface FillingLimits {
  /** Largest body that is kept, bytes. */
  readonly keep: number
  /** Bytes that the source may be ahead of the fastest reader once nothing is kept. */
  readonly window: number
}

export interface FillingOwner {
  /** The body grew larger than what is kept: nobody may join any more, nothing is stored. */
  oversize(): void
  /** The last reader left before the end. */
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

const SEGMENT = 256 * 1024

export class Filling implements Body, BodySink {
  readonly length: number | null
  readonly #limits: FillingLimits
  readonly #owner: FillingOwner
  #keeping: boolean
  #segments: Buffer[] = []
  /** Segments given up at the front, and their bytes. */
  #droppedSegments = 0
  #droppedBytes = 0
  #received = 0
  /** The exact-size buffer being filled when the length is known and small, and how far. */
  #exact: Buffer | null = null
  #exactEnd = 0
  readonly #readers = new Set<FillingReader>()
  #source: BodyFlow | null = null
  #sourcePaused = false
  #end: BodyEnd | null = null

  constructor(length: number | null, keep: boolean, limits: FillingLimits, owner: FillingOwner) {
    this.length = length
    this.#keeping = keep && (length === null || length <= limits.keep)
    this.#limits = limits
    this.#owner = owner
    if (this.#keeping && length !== null && length <= SEGMENT) this.#exact = Buffer.allocUnsafeSlow(length)
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
    if (this.#end !== null) return
    if (!this.#sourcePaused) source.resume()
  }

  get received(): number {
    return this.#received
  }

  get ended(): boolean {
    return this.#end !== null
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Bytes held in memory. */
  get held(): number {
    return this.#received - this.#droppedBytes
  }

  /** Nobody will want to store it: keep only the window from now on. */
  giveUpKeeping(): void {
    if (!this.#keeping || this.#end !== null) return
    this.#stopKeeping()
  }

  chunk(bytes: Buffer): boolean {
    if (this.#end !== null) return false
    if (bytes.length === 0) return !this.#sourcePaused
    this.#received += bytes.length
    if (this.#keeping && this.#received > this.#limits.keep) {
      this.#stopKeeping()
      this.#owner.oversize()
    }
    if (this.#keeping) {
      this.#keep(bytes)
      for (const reader of this.#readers) reader.pump()
      return true
    }
    this.#segments.push(bytes)
    for (const reader of this.#readers) reader.pump()
    return this.#windowOpen()
  }

  end(end: BodyEnd): void {
    if (this.#end !== null) return
    this.#end = end
    let stored: StoredBody | null = null
    if (end.type === 'complete' && this.#keeping) {
      stored = new StoredBody(this.#compact())
      this.#segments = stored.segments.slice()
      this.#exact = null
      for (const reader of this.#readers) reader.rebase(this.#segments)
    }
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
    const reader = new FillingReader(this, sink)
    this.#readers.add(reader)
    reader.pump()
    if (this.#sourcePaused && this.#windowOpen()) this.#resumeSource()
    return reader
  }

  /** Bytes from position `at`, or `null` when none are there yet; `undefined` when they have been given up. */
  take(at: number, hint: { index: number; offset: number }): Buffer | null | undefined {
    if (at < this.#droppedBytes) return undefined
    if (at >= this.#received) return null
    if (this.#exact !== null) return this.#exact.subarray(at, this.#exactEnd)
    const segment = this.#segments[hint.index - this.#droppedSegments]
    if (segment === undefined) return null
    const view = hint.offset === 0 ? segment : segment.subarray(hint.offset)
    hint.index++
    hint.offset = 0
    return view
  }

  get outcome(): BodyEnd | null {
    return this.#end
  }

  /** A reader advanced, finished or left. */
  moved(reader: FillingReader, gone: boolean): void {
    if (gone) this.#readers.delete(reader)
    if (this.#end !== null) return
    if (!this.#keeping) this.#dropConsumed()
    if (gone && this.#readers.size === 0) {
      this.#owner.deserted()
      return
    }
    if (this.#sourcePaused && this.#windowOpen()) this.#resumeSource()
  }

  #keep(bytes: Buffer): void {
    if (this.#exact !== null) {
      bytes.copy(this.#exact, this.#exactEnd)
      this.#exactEnd += bytes.length
      return
    }
    this.#segments.push(exactCopy(bytes))
  }

  #stopKeeping(): void {
    this.#keeping = false
    if (this.#exact === null) return
    this.#segments = this.#exactEnd === 0 ? [] : [this.#exact.subarray(0, this.#exactEnd)]
    this.#exact = null
    for (const reader of this.#readers) reader.rebase(this.#segments)
  }

  /** Segments joined up to a moderate size: one write on a hit, no fragments of 1 KiB. */
  #compact(): Buffer[] {
    if (this.#exact !== null) return [this.#exact]
    const joined: Buffer[] = []
    let run: Buffer[] = []
    let size = 0
    for (const segment of this.#segments) {
      if (size > 0 && size + segment.length > SEGMENT) {
        joined.push(join(run, size))
        run = []
        size = 0
      }
      run.push(segment)
      size += segment.length
    }
    if (size > 0 || joined.length === 0) joined.push(join(run, size))
    return joined
  }

  #windowOpen(): boolean {
    let fastest = -1
    for (const reader of this.#readers) if (reader.position > fastest) fastest = reader.position
    if (fastest < 0) fastest = this.#droppedBytes
    const open = this.#received - fastest < this.#limits.window
    this.#sourcePaused = !open
    this.#dropConsumed()
    return open
  }

  #resumeSource(): void {
    this.#sourcePaused = false
    this.#source?.resume()
  }

  #dropConsumed(): void {
    const furthestBack = this.#received - this.#limits.keep - this.#limits.window
    let slowest = this.#received
    for (const reader of [...this.#readers]) {
      if (reader.position < furthestBack) reader.cutOff(new ReaderTooSlow())
      else if (reader.position < slowest) slowest = reader.position
    }
    if (this.#readers.size === 0) return
    let first = this.#segments[0]
    while (first !== undefined && this.#droppedBytes + first.length <= slowest) {
      this.#droppedBytes += first.length
      this.#droppedSegments++
      this.#segments.shift()
      first = this.#segments[0]
    }
  }
}

class FillingReader implements BodyFlow {
  readonly #filling: Filling
  readonly #sink: BodySink
  readonly #hint = { index: 0, offset: 0 }
  position = 0
  #paused = false
  #busy = false
  #over = false

  constructor(filling: Filling, sink: BodySink) {
    this.#filling = filling
    this.#sink = sink
  }

  /** Passes on what has arrived. */
  pump(): void {
    if (this.#busy || this.#paused || this.#over) return
    this.#busy = true
    const before = this.position
    while (!this.#paused && !this.#over) {
      const bytes = this.#filling.take(this.position, this.#hint)
      if (bytes === undefined) {
        this.#finish({ type: 'reset', cause: new ReaderTooSlow() })
        break
      }
      if (bytes === null) {
        const end = this.#filling.outcome
        if (end !== null) this.#finish(end)
        break
      }
      this.position += bytes.length
      if (!this.#sink.chunk(bytes)) this.#paused = true
    }
    this.#busy = false
    if (this.#over || this.position !== before) this.#filling.moved(this, this.#over)
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

  /** The segments were laid out anew; finds the place of `position` in them. None has been dropped. */
  rebase(segments: readonly Buffer[]): void {
    let start = 0
    for (let index = 0; index < segments.length; index++) {
      const length = (segments[index] as Buffer).length
      if (this.position < start + length) {
        this.#hint.index = index
        this.#hint.offset = this.position - start
        return
      }
      start += length
    }
    this.#hint.index = segments.length
    this.#hint.offset = 0
  }

  #finish(end: BodyEnd): void {
    this.#over = true
    this.#sink.end(end)
  }
}

/** A copy that pins no read buffer and no pool. */
function exactCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

function join(run: readonly Buffer[], size: number): Buffer {
  if (run.length === 1) return run[0] as Buffer
  const whole = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const part of run) at += part.copy(whole, at)
  return whole
}
