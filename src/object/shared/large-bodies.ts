/**
 * Bodies that have memory of their own. The librarian keeps that of all that are stored; a worker asks for it once it has to send one, and lets go
 * of it when it is stored no longer. Memory that threads share is given back when the last of them has let go.
 */
import type { BodyMemory } from '../body-memory.ts'
import { Elsewhere, StoredBody } from '../stored-body.ts'
import { SMALL_BODY } from './record.ts'
import type { SharedGarbage } from './shared-garbage.ts'

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

/** Bytes of a buffer of a large body: one write on a hit, and memory that one piece is found for. */
const PIECE = 256 * 1024

/** The same body in memory that threads share; the body itself where it is in such already. */
export function inSharedMemory(body: StoredBody): StoredBody {
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
  return new StoredBody(pieces)
}

/** Memory that threads share for bodies that will not lie in a block; what is small is copied there. */
export function sharedBodies(garbage: SharedGarbage): BodyMemory {
  return {
    buffer: (bytes) => (bytes > SMALL_BODY ? Buffer.from(new SharedArrayBuffer(bytes)) : Buffer.allocUnsafeSlow(bytes)),
    dropped: (bytes) => garbage.add(bytes),
  }
}

/** What to tell another thread of a body that is in shared memory. */
export function sharedBuffers(body: StoredBody): readonly SharedArrayBuffer[] {
  return body.segments.map(({ buffer }) => buffer as unknown as SharedArrayBuffer)
}

export function fromSharedBuffers(buffers: readonly SharedArrayBuffer[]): StoredBody {
  return new StoredBody(buffers.map((buffer) => Buffer.from(buffer)))
}
