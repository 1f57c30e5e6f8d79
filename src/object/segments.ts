/**
 * The bytes of a body while it arrives, in order. Appended bytes are copied together, so that a body that comes byte by byte costs no
 * more than one that comes at once; pushed bytes stay views. It knows in which segment each reader is, so giving up what all have read
 * takes no search.
 */

import { type BodyMemory, OWN_MEMORY } from './body-memory.ts'

/** A reader's place. `index` counts segments from the first that ever was. */
export interface Cursor {
  index: number
  offset: number
  /** Bytes before it. */
  position: number
}

/** Bytes of a full segment. */
export const SEGMENT: number = 256 * 1024

const NOTHING = Buffer.alloc(0)

export class Segments {
  #list: Buffer[] = []
  /** Bytes used of the last segment, and whether more may be appended to it. */
  #used = 0
  #open = false
  /** Readers in each segment, and behind the last. */
  #crowd: number[] = [0]
  #droppedCount = 0
  #dropped = 0
  #received = 0

  /** Bytes that have come. */
  get received(): number {
    return this.#received
  }

  /** Bytes given up at the front. */
  get dropped(): number {
    return this.#dropped
  }

  get empty(): boolean {
    return this.#list.length === 0
  }

  /** Copies bytes; a new segment for them has `capacity` bytes, out of `memory`. */
  append(bytes: Buffer, capacity: number, memory: BodyMemory = OWN_MEMORY): void {
    let from = 0
    while (from < bytes.length) {
      if (!this.#open) this.#add(memory.buffer(Math.max(1, capacity)), 0)
      const last = this.#list[this.#list.length - 1] as Buffer
      const copied = bytes.copy(last, this.#used, from)
      from += copied
      this.#used += copied
      this.#open = this.#used < last.length
    }
    this.#received += bytes.length
  }

  /** Takes bytes as they are. */
  push(bytes: Buffer): void {
    const last = this.#list.length - 1
    if (this.#open) this.#list[last] = (this.#list[last] as Buffer).subarray(0, this.#used)
    this.#add(bytes, bytes.length)
    this.#open = false
    this.#received += bytes.length
  }

  /** A new reader, at byte 0. */
  enter(): Cursor {
    if (this.#droppedCount === 0) this.#count(0, 1)
    return { index: 0, offset: 0, position: 0 }
  }

  leave(cursor: Cursor): void {
    if (cursor.index >= this.#droppedCount) this.#count(cursor.index, -1)
  }

  /** The bytes behind a cursor, which moves; `null` when none are there yet, `undefined` when they have been given up. */
  take(cursor: Cursor): Buffer | null | undefined {
    for (;;) {
      const at = cursor.index - this.#droppedCount
      if (at < 0) return undefined
      const segment = this.#list[at]
      if (segment === undefined) return null
      const isLast = at === this.#list.length - 1
      const growing = isLast && this.#open
      const { offset } = cursor
      const end = isLast ? this.#used : segment.length
      if (growing) cursor.offset = end
      else this.#next(cursor)
      if (offset < end) {
        cursor.position += end - offset
        return offset === 0 && end === segment.length ? segment : segment.subarray(offset, end)
      }
      if (growing) return null
    }
  }

  /** Gives up the segments that no reader needs. */
  drop(): void {
    while (this.#crowd[0] === 0 && this.#list.length > (this.#open ? 1 : 0)) {
      this.#dropped += (this.#list[0] as Buffer).length
      this.#droppedCount++
      this.#list.shift()
      this.#crowd.shift()
    }
  }

  /** Lays everything out anew in exact buffers of moderate size, those that are new out of `memory`, which are answered; the cursors find their places again. Nothing may have been dropped. */
  compact(cursors: Iterable<Cursor>, memory: BodyMemory = OWN_MEMORY): Buffer[] {
    const last = this.#list.length - 1
    if (this.#open) this.#list[last] = (this.#list[last] as Buffer).subarray(0, this.#used)
    this.#list = joined(this.#list, memory)
    this.#open = false
    this.#used = this.#list[this.#list.length - 1]?.length ?? 0
    this.#crowd = new Array<number>(this.#list.length + 1).fill(0)
    for (const cursor of cursors) this.#seat(cursor)
    return this.#list.length === 0 ? [NOTHING] : this.#list.slice()
  }

  #add(segment: Buffer, used: number): void {
    this.#list.push(segment)
    this.#crowd.push(0)
    this.#used = used
    this.#open = true
  }

  #next(cursor: Cursor): void {
    this.#count(cursor.index, -1)
    cursor.index++
    cursor.offset = 0
    this.#count(cursor.index, 1)
  }

  #count(index: number, change: number): void {
    const at = index - this.#droppedCount
    this.#crowd[at] = (this.#crowd[at] as number) + change
  }

  #seat(cursor: Cursor): void {
    let start = 0
    cursor.index = this.#list.length
    cursor.offset = 0
    for (let index = 0; index < this.#list.length; index++) {
      const length = (this.#list[index] as Buffer).length
      if (cursor.position < start + length) {
        cursor.index = index
        cursor.offset = cursor.position - start
        break
      }
      start += length
    }
    this.#count(cursor.index, 1)
  }
}

/** Segments joined up to the full size: one write on a hit, no fragments of 1 KiB, nothing that pins more than itself. */
function joined(segments: readonly Buffer[], memory: BodyMemory): Buffer[] {
  const whole: Buffer[] = []
  let run: Buffer[] = []
  let size = 0
  for (const segment of segments) {
    if (size > 0 && size + segment.length > SEGMENT) {
      whole.push(join(run, size, memory))
      run = []
      size = 0
    }
    run.push(segment)
    size += segment.length
  }
  if (size > 0) whole.push(join(run, size, memory))
  return whole
}

function join(run: readonly Buffer[], size: number, memory: BodyMemory): Buffer {
  const first = run[0] as Buffer
  if (run.length === 1 && first.buffer.byteLength === size) return first
  const whole = memory.buffer(size)
  let at = 0
  for (const part of run) at += part.copy(whole, at)
  return whole
}
