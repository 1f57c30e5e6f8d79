/**
 * Stages that code and decode content, through `node:zlib` in its threads. A decoder is strict: what is cut short, damaged or goes on behind its
 * end breaks the body off, and so does what grows out of all proportion.
 */
import { constants } from 'node:zlib'
import type { Coding } from '../../vcl-ts/coding.ts'
import { coder, decoder, type Effort, type Engine } from './coding-engines.ts'
import type { Stage } from './stages.ts'

/** Coded content that does not say what it should, or is a bomb. */
export class BadCoding extends Error {
  constructor(coding: Coding, what: string) {
    super(`the ${coding} content ${what}`)
    this.name = 'BadCoding'
  }
}

/** Bytes that a decoder may make of one, once they are more than `FREE`: no content that anybody would serve is denser (HARDENING 191). */
export const HIGHEST_RATIO = 100
const FREE = 1024 * 1024

/** Engines that code at a time: each has memory of its own, and all share four threads. */
const MOST_CODERS = 128
let coders = 0

/** Whether another body may be coded now. Under such a load one goes uncoded rather than late. */
export function coderFree(): boolean {
  return coders < MOST_CODERS
}

/** Codes content. `length` is the whole's, if it is known. */
export function coding(to: Coding, length: number | null, effort: Effort = 'light'): () => Stage {
  return () => new CodingStage(to, length, effort)
}

/** Decodes content. Empty content is taken for what it is. `highestRatio`: Infinity for what was coded here. */
export function decoding(from: Coding, highestRatio: number): () => Stage {
  return () => new DecodingStage(from, decoder(from), highestRatio)
}

/** One engine of `node:zlib` as a stage: what is written comes out before the write is over. */
class EngineStage implements Stage {
  readonly #engine: Engine
  #push: (bytes: Buffer) => void = () => {}
  #fail: (error: Error) => void = () => {}
  /** It ended by itself. */
  protected over = false
  #error: Error | null = null

  constructor(engine: Engine) {
    this.#engine = engine
    engine.on('data', (bytes: Buffer) => this.made(bytes))
    engine.on('error', (error: Error) => this.#broke(error))
    engine.on('end', () => {
      this.over = true
    })
  }

  chunk(bytes: Buffer, push: (bytes: Buffer) => void): Promise<void> {
    this.#begin(push)
    return new Promise((done, fail) => {
      this.#fail = fail
      if (this.#error !== null) {
        fail(this.#error)
        return
      }
      this.#engine.write(bytes, (error) => {
        if (error instanceof Error) this.#broke(error)
        else {
          this.#drain()
          done()
        }
      })
    })
  }

  end(push: (bytes: Buffer) => void): Promise<void> {
    this.#begin(push)
    return new Promise((done, fail) => {
      this.#fail = fail
      if (this.#error !== null) fail(this.#error)
      else if (this.over) done()
      else {
        this.#engine.once('end', done)
        this.#engine.end()
      }
    })
  }

  close(): void {
    this.#engine.destroy()
  }

  pause(): void {
    this.#engine.pause()
  }

  resume(): void {
    this.#engine.resume()
  }

  /** Bytes of those written that it took for its own. */
  protected get taken(): number {
    return this.#engine.bytesWritten
  }

  protected made(bytes: Buffer): void {
    this.#push(bytes)
  }

  protected flush(kind: number): Promise<void> {
    return new Promise((done, fail) => {
      this.#fail = fail
      this.#engine.flush(kind, () => {
        this.#drain()
        done()
      })
    })
  }

  /** A pause ends with the call that it came in. */
  #begin(push: (bytes: Buffer) => void): void {
    this.#push = push
    this.#engine.resume()
  }

  /** What it made while it was paused comes now, as an event. */
  #drain(): void {
    while (this.#engine.read() !== null);
  }

  #broke(error: Error): void {
    this.#error ??= this.explained(error)
    this.#fail(this.#error)
  }

  protected explained(error: Error): Error {
    return error
  }

  protected broken(error: Error): void {
    this.#broke(error)
  }
}

/** Bytes after which what was coded goes on, though a little larger: else some engines keep a mebibyte back. */
const FLUSH_EVERY = 32 * 1024
const FLUSH: Readonly<Record<Coding, number>> = {
  br: constants.BROTLI_OPERATION_FLUSH,
  gzip: constants.Z_SYNC_FLUSH,
  zstd: constants.ZSTD_e_flush,
}

class CodingStage extends EngineStage {
  readonly #to: Coding
  /** Of the whole; `null`: not known. */
  readonly #length: number | null
  readonly #effort: Effort
  #given = 0
  #flushed = 0

  constructor(to: Coding, length: number | null, effort: Effort) {
    super(coder(to, length, effort))
    this.#to = to
    this.#effort = effort
    this.#length = length
    coders++
  }

  override async chunk(bytes: Buffer, push: (bytes: Buffer) => void): Promise<void> {
    await super.chunk(bytes, push)
    const first = this.#given === 0
    this.#given += bytes.length
    // The beginning of a page is of use before the rest is there.
    if (this.#effort === 'heavy' || this.#given === this.#length || (!first && this.#given - this.#flushed < FLUSH_EVERY)) return
    this.#flushed = this.#given
    await this.flush(FLUSH[this.#to])
  }

  override close(): void {
    super.close()
    coders--
  }
}

class DecodingStage extends EngineStage {
  readonly #from: Coding
  readonly #highestRatio: number
  #given = 0
  #made = 0

  constructor(from: Coding, engine: Engine, highestRatio: number) {
    super(engine)
    this.#from = from
    this.#highestRatio = highestRatio
  }

  override chunk(bytes: Buffer, push: (bytes: Buffer) => void): Promise<void> {
    if (this.over) return Promise.reject(this.#goesOn())
    this.#given += bytes.length
    return super.chunk(bytes, push)
  }

  override async end(push: (bytes: Buffer) => void): Promise<void> {
    if (this.#given === 0) return
    await super.end(push)
    if (this.taken !== this.#given) throw this.#goesOn()
  }

  protected override made(bytes: Buffer): void {
    this.#made += bytes.length
    if (this.#made > FREE && this.#made > this.#highestRatio * this.#given) {
      this.broken(new BadCoding(this.#from, `is a bomb: ${this.#given} bytes became ${this.#made}`))
      this.close()
    } else super.made(bytes)
  }

  protected override explained(error: Error): Error {
    return error instanceof BadCoding ? error : new BadCoding(this.#from, `is damaged: ${error.message}`)
  }

  #goesOn(): BadCoding {
    return new BadCoding(this.#from, 'goes on behind its end')
  }
}
