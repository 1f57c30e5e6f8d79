/**
 * Bodies that have memory of their own. The librarian keeps that of all that are stored; a worker asks for it once it has to send one, and lets go
 * of it when it is stored no longer. Memory that threads share is given back when the last of them has let go.
 */
import { Elsewhere, StoredBody } from '../stored-body.ts'
import type { Ballast } from './ballast.ts'

/** Bytes that are not here yet. */
export class Away extends Elsewhere {
  readonly handle: number
  readonly length: number

  constructor(handle: number, length: number) {
    super()
    this.handle = handle
    this.length = length
  }

  load(): readonly Buffer[] {
    throw new Error('the bytes of this body are not here')
  }
}

/** Bytes that threads share, with what makes V8 count them. */
class SharedBody extends StoredBody {
  readonly ballast: ArrayBuffer | null

  constructor(pieces: readonly Buffer[], ballast: ArrayBuffer | null) {
    super(pieces)
    this.ballast = ballast
  }
}

/** Bytes of a buffer of a large body: one write on a hit, and memory that one piece is found for. */
const PIECE = 256 * 1024

/** The same body in memory that threads share; the body itself where it is in such already. */
export function inSharedMemory(body: StoredBody, ballast: Ballast): StoredBody {
  const { segments } = body
  if (segments.every(({ buffer, byteLength }) => buffer instanceof SharedArrayBuffer && buffer.byteLength === byteLength)) return body
  const pieces: Buffer[] = []
  let left = body.length
  let piece: Buffer = Buffer.alloc(0)
  let used = 0
  for (const segment of segments)
    for (let from = 0; from < segment.length; ) {
      if (used === piece.length) {
        piece = Buffer.from(new SharedArrayBuffer(Math.min(left, PIECE)))
        pieces.push(piece)
        used = 0
      }
      const copied = segment.copy(piece, used, from)
      used += copied
      from += copied
      left -= copied
    }
  return new SharedBody(pieces, ballast.for(body.length))
}

/** What to tell another thread of a body that is in shared memory. */
export function sharedBuffers(body: StoredBody): readonly SharedArrayBuffer[] {
  return body.segments.map(({ buffer }) => buffer as unknown as SharedArrayBuffer)
}

/** Another thread's body, to be held here. */
export function heldHere(buffers: readonly SharedArrayBuffer[], ballast: Ballast): StoredBody {
  const pieces = buffers.map((buffer) => Buffer.from(buffer))
  return new SharedBody(pieces, ballast.for(pieces.reduce((sum, { length }) => sum + length, 0)))
}

/** The same for a moment, of what is held by somebody in this thread. */
export function fromSharedBuffers(buffers: readonly SharedArrayBuffer[]): StoredBody {
  return new StoredBody(buffers.map((buffer) => Buffer.from(buffer)))
}
