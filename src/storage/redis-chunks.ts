/** Large bodies in pieces, on the lane for large values: few at a time, so that no small value waits for them and memory is bounded. */
import type { RedisPort } from '../redis/port.ts'
import { CHUNK, chunksOf, readChunk, writeChunk } from './chunk-frame.ts'
import { type FrameSeal, openFrame, sealFrame } from './frame.ts'
import { Gate } from './redis-gate.ts'
import type { RedisKeys } from './redis-keys.ts'

/** Pieces that a thread reads at a time. */
const AT_A_TIME = 4
/** Bytes of bodies that a thread puts together at a time; who wants more asks the origin. */
const MOST_BYTES: number = 64 * 1024 * 1024
/** Milliseconds by which pieces outlive what leads to them. */
const SPARE = 1000

export interface RedisChunksInit {
  readonly port: RedisPort
  readonly seal: FrameSeal
  readonly keys: RedisKeys
}

/** `stray`: something answered another question. */
export type ChunksRead = { readonly type: 'body'; readonly body: Buffer } | { readonly type: 'foreign' | 'stray' | 'failed' | 'busy' }

export class RedisChunks {
  readonly #init: RedisChunksInit
  readonly #reads = new Gate(AT_A_TIME)
  /** Writes go the same way in the other direction. */
  readonly #writes = new Gate(1)
  #bytes = 0

  constructor(init: RedisChunksInit) {
    this.#init = init
  }

  /** A body of so many bytes, all of one version. Rejects with a `RedisFailure`. */
  async read(object: string, mark: Buffer, length: number): Promise<ChunksRead> {
    if (this.#bytes + length > MOST_BYTES) return { type: 'busy' }
    this.#bytes += length
    try {
      const body = Buffer.allocUnsafeSlow(length)
      let wrong: 'foreign' | 'stray' | 'failed' | null = null
      const one = async (index: number): Promise<void> => {
        // Once one is missing nobody wants the others.
        if (wrong !== null) return
        try {
          wrong = (await this.#piece(object, mark, index, body)) ?? wrong
        } catch (failure) {
          wrong = 'failed'
          throw failure
        }
      }
      await Promise.all(Array.from({ length: chunksOf(length) }, (_, index) => this.#reads.through(() => one(index))))
      return wrong === null ? { type: 'body', body } : { type: wrong }
    } finally {
      this.#bytes -= length
    }
  }

  /** Before the frame that leads to them. Rejects with a `RedisFailure`. */
  async write(object: string, mark: Buffer, segments: readonly Buffer[], life: number): Promise<void> {
    const { port, seal, keys } = this.#init
    let index = 0
    for (const bytes of pieces(segments)) {
      const key = keys.chunk(object, index)
      await this.#writes.through(async () => {
        const value = sealFrame(seal, 'chunk', key, writeChunk({ mark, index, bytes }))
        if (value !== null) await port.write([{ key, value, life: life + SPARE }], 'bulk')
      })
      index++
    }
  }

  /** Puts a piece in its place. Answers what is wrong with it. */
  async #piece(object: string, mark: Buffer, index: number, body: Buffer): Promise<'foreign' | 'stray' | null> {
    const { port, seal, keys } = this.#init
    const key = keys.chunk(object, index)
    const [stored] = await port.read([key], 'bulk')
    if (stored === null || stored === undefined) return 'foreign'
    const frame = openFrame(seal, key, stored.value)
    if (frame === 'key') return 'stray'
    if (typeof frame === 'string' || frame.kind !== 'chunk') return 'foreign'
    const room = body.subarray(index * CHUNK, (index + 1) * CHUNK)
    return fits(frame.told, mark, index, room) ? null : 'foreign'
  }
}

function fits(told: Buffer, mark: Buffer, index: number, room: Buffer): boolean {
  try {
    const chunk = readChunk(told)
    if (!chunk.mark.equals(mark) || chunk.index !== index || chunk.bytes.length !== room.length) return false
    chunk.bytes.copy(room)
    return true
  } catch {
    return false
  }
}

/** The bytes of a body in pieces of the size of a chunk. Each takes the place of the one before. */
function* pieces(segments: readonly Buffer[]): Iterable<Buffer> {
  const piece = Buffer.allocUnsafeSlow(CHUNK)
  let used = 0
  for (const segment of segments)
    for (let from = 0; from < segment.length; ) {
      const taken = segment.copy(piece, used, from, from + CHUNK - used)
      from += taken
      used += taken
      if (used < CHUNK) continue
      yield piece
      used = 0
    }
  if (used > 0) yield piece.subarray(0, used)
}
