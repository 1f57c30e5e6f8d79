/** The way of an assembled page to whoever reads it: small pieces are gathered and go together, what is large goes as it is. */
import type { BodySink } from '../body/body.ts'
import type { Bytes, PageAllowance } from './fragments.ts'

/** Pieces up to this size are sent together, up to so many bytes. */
const SMALL = 8 * 1024
const TOGETHER = 32 * 1024

export class Outlet {
  /** Whoever reads wants no more for now. */
  paused = false
  /** The page has more bytes than it may have; the last of them were not given. */
  exceeded = false
  readonly #sink: BodySink
  readonly #allowance: PageAllowance | null
  #gathered: Bytes[] = []
  #bytes = 0

  /** `allowance`: that of the page; `null`: its bytes are counted by the page that includes it. */
  constructor(sink: BodySink, allowance: PageAllowance | null) {
    this.#sink = sink
    this.#allowance = allowance
  }

  /** Whether bytes can be given. Those that are large go behind what was gathered, which may be all that is wanted for now. */
  hasRoom(bytes: Bytes): boolean {
    if (bytes.length > SMALL) this.flush()
    return !this.paused
  }

  give(bytes: Bytes): void {
    if (bytes.length > SMALL) {
      this.#send(joined([bytes], bytes.length))
      return
    }
    this.#gathered.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= TOGETHER) this.flush()
  }

  flush(): void {
    if (this.#bytes === 0) return
    const bytes = joined(this.#gathered, this.#bytes)
    this.drop()
    this.#send(bytes)
  }

  /** Nobody reads any more. */
  drop(): void {
    this.#gathered = []
    this.#bytes = 0
  }

  #send(bytes: Buffer): void {
    const allowance = this.#allowance
    if (allowance !== null) {
      allowance.bytes -= bytes.length
      this.exceeded = allowance.bytes < 0
    }
    if (this.exceeded || !this.#sink.chunk(bytes)) this.paused = true
  }
}

/** One buffer of pieces that have so many bytes together. */
function joined(pieces: readonly Bytes[], length: number): Buffer {
  const [only] = pieces
  if (pieces.length === 1 && only instanceof Uint8Array) return only
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const piece of pieces) at += typeof piece === 'string' ? bytes.write(piece, at, 'latin1') : piece.copy(bytes, at)
  return bytes
}
