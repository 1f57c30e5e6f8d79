/**
 * What may go wrong between a cache and its origin: a TCP proxy in front of a real server, with a fault for each direction that can be
 * switched at any time. Time passes by the clock that the test moves.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ManualClock } from '../../src/clock.ts'
import { type Direction, type Fault, Link, type LinkHost } from './fault-link.ts'

export type { Direction, Fault } from './fault-link.ts'

export class FaultBox implements LinkHost {
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
