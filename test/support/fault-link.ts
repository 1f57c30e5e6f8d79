/** One connection through a box of faults: its two directions, each of which does to what it carries as the fault of the moment wants it. */
import type { Socket } from 'node:net'
import type { ManualClock } from '../../src/clock.ts'

/** Towards the origin, or from it. */
export type Direction = 'to' | 'from'

export type Fault =
  /** Every piece is passed on so many milliseconds later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Nobody is there. `to`: the port refuses; `from`: who connects is let go, as by a balancer with nothing behind it. */
  | { readonly kind: 'down' }
  /** So many bytes a second. */
  | { readonly kind: 'bandwidth'; readonly rate: number }
  /** The connection's end is passed on so many milliseconds later. */
  | { readonly kind: 'slow close'; readonly ms: number }
  /** All is taken, and nothing passed on. */
  | { readonly kind: 'black hole' }
  /** Instead of the byte behind the first `after`, both ends get a RST. */
  | { readonly kind: 'reset'; readonly after: number }
  /** One byte at a time. */
  | { readonly kind: 'slicer' }
  /** Instead of the byte behind the first `after`, both ends get a FIN. */
  | { readonly kind: 'cut'; readonly after: number }

/** The box as its connections see it. */
export interface LinkHost {
  readonly clock: ManualClock
  writes: number
  swallowed: number
  fault(direction: Direction): Fault | null
}

/** A connection of the cache and its continuation. */
export class Link {
  readonly to: Lane
  readonly from: Lane
  readonly #near: Socket
  readonly #far: Socket
  gone: () => void = () => {}
  /** How it ends with the next byte towards the origin. */
  dying: 'end' | 'reset' | null = null

  constructor(box: LinkHost, near: Socket, far: Socket) {
    this.#near = near
    this.#far = far
    this.to = new Lane('to', box, near, far, this)
    this.from = new Lane('from', box, far, near, this)
    near.on('close', () => this.#closed(this.from))
    far.on('close', () => this.#closed(this.to))
  }

  finish(): void {
    this.#near.end()
    this.#far.end()
  }

  reset(): void {
    this.#near.resetAndDestroy()
    this.#far.resetAndDestroy()
  }

  drop(how: 'end' | 'reset'): void {
    if (how === 'end') this.#near.end()
    else this.#near.resetAndDestroy()
  }

  destroy(): void {
    this.#near.destroy()
    this.#far.destroy()
  }

  /** The end that a lane leads to. */
  #closed(lane: Lane): void {
    lane.stop()
    if (this.#near.destroyed && this.#far.destroyed) this.gone()
  }
}

interface Piece {
  readonly bytes: Buffer
  readonly since: number
}

/** One direction of a connection. */
class Lane {
  readonly #direction: Direction
  readonly #box: LinkHost
  readonly #source: Socket
  readonly #sink: Socket
  readonly #link: Link
  readonly #pieces: Piece[] = []
  #passed = 0
  #ended = false
  /** The end was passed on, or whatever comes instead of it. */
  #over = false
  #busy = false
  holding = false

  constructor(direction: Direction, box: LinkHost, source: Socket, sink: Socket, link: Link) {
    this.#direction = direction
    this.#box = box
    this.#source = source
    this.#sink = sink
    this.#link = link
    source.on('data', (bytes: Buffer) => {
      if (this.#over) return
      if (direction === 'to' && link.dying !== null) {
        this.stop()
        link.drop(link.dying)
        return
      }
      this.#pieces.push({ bytes, since: box.clock.now() })
      source.pause()
      this.#pump()
    })
    source.on('end', () => {
      this.#ended = true
      this.#pump()
    })
    source.on('error', () => {
      if (box.fault(direction)?.kind !== 'black hole') sink.resetAndDestroy()
    })
    source.on('close', () => {
      this.#ended = true
      this.#pump()
    })
  }

  /** Bytes are counted from here on. */
  begin(): void {
    this.#passed = 0
    this.#pump()
  }

  /** Nobody takes what it carries any more. */
  stop(): void {
    this.#over = true
    this.holding = false
    this.#pieces.length = 0
    this.#source.resume()
  }

  #pump(): void {
    while (!this.#busy && !this.#over) {
      const [piece] = this.#pieces
      if (piece === undefined) {
        if (this.#ended) this.#finish()
        else this.#source.resume()
        return
      }
      this.#step(piece)
    }
  }

  /** Does with what came first as the fault wants it. */
  #step({ bytes, since }: Piece): void {
    const fault = this.#box.fault(this.#direction)
    switch (fault?.kind) {
      case undefined:
      case 'slow close':
      case 'down':
        this.#pass(bytes.length)
        break
      case 'latency': {
        const left = since + fault.ms - this.#box.clock.now()
        if (left > 0) this.#hold(left)
        else this.#pass(bytes.length)
        break
      }
      case 'bandwidth':
        this.#busy = true
        this.#arrive(Math.min(fault.rate, bytes.length), () => this.#hold(1000))
        break
      case 'black hole':
        this.#box.swallowed += bytes.length
        this.#pieces.shift()
        break
      case 'slicer':
        this.#busy = true
        this.#pass(1, () => setImmediate(() => this.#free()))
        break
      case 'reset':
      case 'cut': {
        const room = fault.after - this.#passed
        if (room > 0) {
          this.#busy = true
          // A RST would overtake what is on its way.
          this.#arrive(Math.min(room, bytes.length), () => this.#free())
          return
        }
        this.#over = true
        if (fault.kind === 'reset') this.#link.reset()
        else this.#link.finish()
        break
      }
      default:
        fault satisfies never
    }
  }

  #pass(count: number, written?: () => void): void {
    const piece = this.#pieces[0] as Piece
    if (piece.bytes.length > count) this.#pieces[0] = { ...piece, bytes: piece.bytes.subarray(count) }
    else this.#pieces.shift()
    this.#passed += count
    this.#box.writes++
    if (this.#sink.writable) this.#sink.write(piece.bytes.subarray(0, count), written)
    else written?.()
  }

  /** Passes bytes on; `arrived` when they can have been read. */
  #arrive(count: number, arrived: () => void): void {
    this.#pass(count, () => setImmediate(() => setImmediate(arrived)))
  }

  #finish(): void {
    const fault = this.#box.fault(this.#direction)
    if (fault?.kind === 'black hole') return
    if (fault?.kind === 'slow close' && !this.holding) {
      this.#busy = true
      this.holding = true
      this.#box.clock.after(fault.ms, () => this.#end())
      return
    }
    this.#end()
  }

  #end(): void {
    this.holding = false
    this.#over = true
    this.#sink.end()
  }

  #hold(ms: number): void {
    if (this.#over) return
    this.#busy = true
    this.holding = true
    this.#box.clock.after(ms, () => this.#free())
  }

  #free(): void {
    this.#busy = false
    this.holding = false
    this.#pump()
  }
}
