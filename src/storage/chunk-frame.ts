/** A piece of a large body in a frame: of which version of which body, and which piece. */
import { Doubt, FrameReader, FrameWriter } from './frame-bytes.ts'
import { MARK } from './object-frame.ts'

/** Bytes of every piece but the last one. */
export const CHUNK: number = 512 * 1024

export interface ChunkFrame {
  readonly mark: Buffer
  readonly index: number
  readonly bytes: Buffer
}

export function writeChunk({ mark, index, bytes }: ChunkFrame): Buffer {
  const writer = new FrameWriter()
  writer.raw(mark)
  writer.int(index)
  writer.raw(bytes)
  return writer.bytes
}

/** Throws `Doubt`. Its bytes are those that were read. */
export function readChunk(told: Buffer): ChunkFrame {
  const reader = new FrameReader(told)
  const mark = reader.raw(MARK)
  const index = reader.int()
  if (reader.left > CHUNK) throw new Doubt('it is too large')
  return { mark, index, bytes: reader.raw(reader.left) }
}

export function chunksOf(length: number): number {
  return Math.ceil(length / CHUNK)
}
