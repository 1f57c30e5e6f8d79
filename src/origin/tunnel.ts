/** Two sockets joined: bytes both ways at the slower one's pace, an end of one way carried through, everything closed when it falls silent. */
import type { Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { Deadline } from './deadline.ts'

export interface TunnelEnd {
  /** `closed`: both ways ended. `broken`: a socket failed or closed in the middle. `idle`: no byte either way for too long. */
  readonly type: 'closed' | 'broken' | 'idle' | 'destroyed'
  readonly fromA: number
  readonly fromB: number
}

export interface Tunnel {
  /** Called once, when both sockets are done for. Set it before the next turn of the loop. */
  done: ((end: TunnelEnd) => void) | null
  destroy(): void
}

/**
 * Joins two paused sockets, which become the tunnel's. `restA` was already read from `a` and goes to `b` first; `restB` the other way.
 * `idleMs` is in milliseconds.
 */
export function joinTunnel(a: Socket, restA: Buffer, b: Socket, restB: Buffer, idleMs: number, clock: Clock): Tunnel {
  return new JoinedTunnel(a, restA, b, restB, idleMs, clock)
}

interface Way {
  readonly from: Socket
  readonly to: Socket
  bytes: number
  ended: boolean
}

class JoinedTunnel implements Tunnel {
  readonly #a: Way
  readonly #b: Way
  readonly #deadline: Deadline
  readonly #idleMs: number
  #over = false
  done: ((end: TunnelEnd) => void) | null = null

  constructor(a: Socket, restA: Buffer, b: Socket, restB: Buffer, idleMs: number, clock: Clock) {
    this.#idleMs = idleMs
    this.#a = { from: a, to: b, bytes: 0, ended: false }
    this.#b = { from: b, to: a, bytes: 0, ended: false }
    this.#deadline = new Deadline(clock, () => this.#finish('idle'))
    this.#deadline.set(idleMs)
    this.#join(this.#a, restA)
    this.#join(this.#b, restB)
  }

  destroy(): void {
    this.#finish('destroyed')
  }

  #join(way: Way, rest: Buffer): void {
    const { from, to } = way
    from.on('data', (bytes: Buffer) => this.#move(way, bytes))
    from.on('end', () => this.#ended(way))
    from.on('error', () => this.#finish('broken'))
    from.on('close', () => this.#closed(way))
    to.on('drain', () => from.resume())
    if (from.destroyed) {
      process.nextTick(() => this.#finish('broken'))
      return
    }
    if (rest.length > 0) this.#move(way, rest)
    if (from.readableEnded) this.#ended(way)
    else if (!to.writableNeedDrain) from.resume()
  }

  #move(way: Way, bytes: Buffer): void {
    way.bytes += bytes.length
    this.#deadline.set(this.#idleMs)
    if (!way.to.write(bytes)) way.from.pause()
  }

  #ended(way: Way): void {
    if (way.ended) return
    way.ended = true
    this.#deadline.set(this.#idleMs)
    way.to.end(() => {
      if (this.#a.ended && this.#b.ended) this.#finish('closed')
    })
  }

  #closed(way: Way): void {
    // Closing without having ended is a broken connection; the other side must see it too.
    this.#finish(way.ended && this.#a.ended && this.#b.ended ? 'closed' : 'broken')
  }

  #finish(type: TunnelEnd['type']): void {
    if (this.#over) return
    this.#over = true
    this.#deadline.close()
    for (const socket of [this.#a.from, this.#b.from]) {
      // A reset while a shutdown is under way is refused by the system, and the socket would stay for ever.
      // TLS and Unix sockets know no reset.
      if (type === 'broken' && !socket.writableEnded && canReset(socket)) socket.resetAndDestroy()
      else socket.destroy()
    }
    this.done?.({ type, fromA: this.#a.bytes, fromB: this.#b.bytes })
  }
}

function canReset(socket: Socket): boolean {
  return socket.remoteAddress !== undefined && !('encrypted' in socket)
}
