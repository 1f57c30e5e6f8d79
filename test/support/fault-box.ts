/**
 * What may go wrong between a cache and its origin: a TCP proxy in front of a real server, with a fault for each direction that can be
 * switched at any time. Time passes by the clock that the test moves.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
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

export class FaultBox {
  /** Connections that were accepted, by number. */
  accepted = 0
  /** Pieces that were passed on. */
  writes = 0
  /** Bytes that a black hole took. */
  swallowed = 0
  readonly #faults: Record<Direction, Fault | null> = { to: null, from: null }
  readonly #links = new Set<Link>()
  #server: Server = createServer()
  #clock: ManualClock | null = null
  #target = 0
  port = 0

  static async start(): Promise<FaultBox> {
    const box = new FaultBox()
    await box.#listen()
    return box
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What it stands in front of, and whose time it knows. */
  lead(port: number, clock: ManualClock): void {
    this.#target = port
    this.#clock = clock
  }

  /** Connections at this moment. */
  get open(): number {
    return this.#links.size
  }

  /** Whether something is held back until time passes. */
  get holding(): boolean {
    return [...this.#links].some(({ to, from }) => to.holding || from.holding)
  }

  fault(direction: Direction): Fault | null {
    return this.#faults[direction]
  }

  get clock(): ManualClock {
    if (this.#clock === null) throw new Error('the box does not know whose time it is')
    return this.#clock
  }

  /** `null`: none. What counts bytes counts from now on. */
  async set(direction: Direction, fault: Fault | null): Promise<void> {
    const refused = this.#faults.to?.kind === 'down'
    this.#faults[direction] = fault
    if (fault?.kind === 'down') for (const link of this.#links) link.destroy()
    if (direction === 'to' && fault?.kind === 'down') await this.#unlisten()
    else if (direction === 'to' && refused) await this.#listen()
    for (const { to, from } of this.#links) {
      to.begin()
      from.begin()
    }
  }

  /** Ends every connection towards the cache, by FIN or RST, without a word to anybody. */
  drop(how: 'end' | 'reset'): void {
    for (const link of this.#links) link.drop(how)
  }

  /** The same to each that there is now, as soon as another byte comes on it, which nobody gets. */
  dropUsed(how: 'end' | 'reset'): void {
    for (const link of this.#links) link.dying = how
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.destroy()
    await this.#unlisten()
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    this.#server = server
    server.listen({ host: '127.0.0.1', port: this.port, backlog: 4096 })
    await once(server, 'listening')
    const address = server.address()
    this.port = typeof address === 'object' && address !== null ? address.port : 0
  }

  async #unlisten(): Promise<void> {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #accept(near: Socket): void {
    this.accepted++
    if (this.#faults.from?.kind === 'down') {
      near.on('error', () => {})
      near.resume().end()
      return
    }
    const far = connect({ host: '127.0.0.1', port: this.#target, allowHalfOpen: true, noDelay: true })
    const link = new Link(this, near, far)
    this.#links.add(link)
    link.gone = () => this.#links.delete(link)
  }
}

/** A connection of the cache and its continuation. */
class Link {
  readonly to: Lane
  readonly from: Lane
  readonly #near: Socket
  readonly #far: Socket
  gone: () => void = () => {}
  /** How it ends with the next byte towards the origin. */
  dying: 'end' | 'reset' | null = null

  constructor(box: FaultBox, near: Socket, far: Socket) {
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
  readonly #box: FaultBox
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

  constructor(direction: Direction, box: FaultBox, source: Socket, sink: Socket, link: Link) {
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
