/** The coders and decoders of `node:zlib`, set up for content of the web. */
import {
  type BrotliCompress,
  brotliDecompressSync,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  createGzip,
  createZstdCompress,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib'
import type { Coding } from '../../vcl-ts/coding.ts'

/** Of `node:zlib`; all of them are alike. */
export type Engine = BrotliCompress

/** `light`: keeps pace with a network. `heavy`: takes some ten times as long for a tenth less, so that nobody should wait for it. */
export type Effort = 'light' | 'heavy'

const LEVELS: Readonly<Record<Effort, Readonly<Record<Coding, number>>>> = {
  light: { br: 4, gzip: 6, zstd: 3 },
  heavy: { br: 11, gzip: 9, zstd: 19 },
}
/** What brotli's highest level is for: a mebibyte takes a second. */
const LONGEST_FOR_BR_11 = 1024 * 1024
const HIGH_BR = 9

/** Largest window, so that whoever decodes needs a mebibyte and not four, or sixteen. */
const WINDOW_BITS = 20
const SMALLEST_WINDOW_BITS = 16

/** The whole content decoded at once, which for little is quicker than a turn through another thread; `null` where that is more than `most` bytes, or cannot be. */
export function decodedWhole(bytes: Buffer, from: Coding, most: number): Buffer | null {
  const decode = from === 'br' ? brotliDecompressSync : from === 'gzip' ? gunzipSync : zstdDecompressSync
  try {
    const { buffer, engine } = decode(bytes, { maxOutputLength: most, info: true }) as unknown as { buffer: Buffer; engine: Engine }
    return engine.bytesWritten === bytes.length ? buffer : null
  } catch {
    return null
  }
}

function levelOf(to: Coding, length: number | null, effort: Effort): number {
  const tooLong = to === 'br' && effort === 'heavy' && (length === null || length > LONGEST_FOR_BR_11)
  return tooLong ? HIGH_BR : LEVELS[effort][to]
}

export function coder(to: Coding, length: number | null, effort: Effort): Engine {
  const level = levelOf(to, length, effort)
  const bits = length === null ? WINDOW_BITS : Math.min(WINDOW_BITS, Math.max(SMALLEST_WINDOW_BITS, Math.ceil(Math.log2(length + 1))))
  switch (to) {
    case 'gzip':
      return createGzip({ level })
    case 'br':
      return createBrotliCompress({
        params: {
          [constants.BROTLI_PARAM_QUALITY]: level,
          [constants.BROTLI_PARAM_LGWIN]: bits,
          [constants.BROTLI_PARAM_SIZE_HINT]: length ?? 0,
        },
      })
    case 'zstd':
      return createZstdCompress({
        params: {
          [constants.ZSTD_c_compressionLevel]: level,
          [constants.ZSTD_c_windowLog]: bits,
          [constants.ZSTD_c_checksumFlag]: 1,
        },
      })
    default:
      return to satisfies never
  }
}

export function decoder(from: Coding): Engine {
  switch (from) {
    case 'gzip':
      return createGunzip()
    case 'br':
      return createBrotliDecompress()
    case 'zstd':
      return createZstdDecompress()
    default:
      return from satisfies never
  }
}
