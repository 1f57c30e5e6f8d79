/** A body that is whole and in memory: exact-size buffers that nothing else refers to, for a small one a string of its bytes, or a place from where they can be had. */
import { type Body, type BodyFlow, type BodySink, COMPLETE } from '../body/body.ts'
import { HeapRoom } from './heap-room.ts'
import { ownBytes, ownLatin1 } from './own.ts'

/** Largest body that is kept as a string, bytes. */
const SMALL = 2048
/** Of a buffer: itself, what it is a view of, and its memory's own bookkeeping. Measured, rounded up. */
const PER_BUFFER = 380
/** Of a string beyond its characters. */
const PER_STRING = 24

const room = new HeapRoom()

/** Bytes that lie somewhere else, and are counted there. */
export abstract class Elsewhere {
  abstract readonly length: number
  /** All of them, in order. Throws when they are gone. */
  abstract load(): readonly Buffer[]
}

export class StoredBody implements Body {
  readonly #bytes: string | Buffer | readonly Buffer[] | Elsewhere

  /** A string has one latin-1 character for each byte. */
  constructor(bytes: string | Buffer | readonly Buffer[] | Elsewhere) {
    this.#bytes = bytes
    if (typeof bytes === 'string' || bytes instanceof Uint8Array || bytes instanceof Elsewhere) return
    const [only] = bytes
    if (only !== undefined && bytes.length === 1) this.#bytes = only
  }

  get length(): number {
    const bytes = this.#bytes
    return typeof bytes === 'string' || bytes instanceof Uint8Array || bytes instanceof Elsewhere ? bytes.length : lengthOf(bytes)
  }

  /** Where the bytes are when they are not here. */
  get elsewhere(): Elsewhere | null {
    return this.#bytes instanceof Elsewhere ? this.#bytes : null
  }

  /** In order. Those of a body that is kept as a string are made anew. */
  get segments(): readonly Buffer[] {
    const bytes = this.#bytes
    if (typeof bytes === 'string') return [Buffer.from(bytes, 'latin1')]
    return bytes instanceof Uint8Array ? [bytes] : bytes instanceof Elsewhere ? bytes.load() : bytes
  }

  /** The whole body as it lies there when it lies in one piece, else `null`. */
  get atHand(): string | Buffer | null {
    const bytes = this.#bytes
    return typeof bytes === 'string' || bytes instanceof Uint8Array ? bytes : null
  }

  /** As `atHand`; a string's bytes are made anew. */
  get whole(): Buffer | null {
    const bytes = this.atHand
    return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  }

  /** Bytes that it takes, all included. */
  get held(): number {
    const bytes = this.#bytes
    if (typeof bytes === 'string') return this.length + PER_STRING
    if (bytes instanceof Elsewhere) return PER_STRING
    const buffers = bytes instanceof Uint8Array ? [bytes] : bytes
    // Memory that all threads share is counted once, by those who keep it for all.
    return (buffers[0]?.buffer instanceof SharedArrayBuffer ? 0 : this.length) + PER_BUFFER * buffers.length
  }

  /** The same body as it is best kept. */
  settled(): StoredBody {
    const bytes = this.#bytes
    if (!(bytes instanceof Uint8Array)) return this
    if (bytes.length === 0) return EMPTY_BODY
    return bytes.length <= SMALL && room.take() ? new StoredBody(bytes.toString('latin1')) : this
  }

  get lasting(): boolean {
    return true
  }

  read(sink: BodySink): BodyFlow {
    const reader = new StoredReader(this.segments, sink)
    reader.resume()
    return reader
  }
}

function lengthOf(segments: readonly Buffer[]): number {
  let length = 0
  for (const segment of segments) length += segment.length
  return length
}

class StoredReader implements BodyFlow {
  readonly #segments: readonly Buffer[]
  readonly #sink: BodySink
  #next = 0
  #busy = false
  #over = false

  constructor(segments: readonly Buffer[], sink: BodySink) {
    this.#segments = segments
    this.#sink = sink
  }

  resume(): void {
    if (this.#busy) return
    this.#busy = true
    while (!this.#over) {
      if (this.#next === this.#segments.length) {
        this.#over = true
        this.#sink.end(COMPLETE)
      } else if (!this.#sink.chunk(this.#segments[this.#next++] as Buffer)) break
    }
    this.#busy = false
  }

  cancel(): void {
    this.#over = true
  }
}

/** A body of no bytes. */
export const EMPTY_BODY: StoredBody = new StoredBody('')

/** A body from bytes at hand. */
export function bodyOf(bytes: Buffer): StoredBody {
  return new StoredBody(bytes)
}

/** A body that has come whole, from a buffer that others will use again: what is small goes on as one string. */
export function arrivedBody(buffer: Buffer, start: number, end: number): StoredBody {
  return new StoredBody(end - start <= SMALL ? buffer.toString('latin1', start, end) : Buffer.from(buffer.subarray(start, end)))
}

/** A body to be kept, out of memory that is others'. */
export function copiedBody(buffer: Buffer, start: number, end: number): StoredBody {
  if (start === end) return EMPTY_BODY
  const small = end - start <= SMALL && room.take()
  return new StoredBody(small ? buffer.toString('latin1', start, end) : ownBytes(buffer.subarray(start, end)))
}

/** The same body to be kept: it may have been cut out of something larger. */
export function keptBody(body: StoredBody): StoredBody {
  const bytes = body.atHand
  if (typeof bytes === 'string') return room.take() ? body : new StoredBody(ownLatin1(bytes))
  const settled = body.settled()
  return bytes !== null && settled.atHand === bytes ? new StoredBody(ownBytes(bytes)) : settled
}
