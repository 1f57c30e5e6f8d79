/**
 * The making of one connection: where to, the socket, what goes before anything else (PROXY protocol), TLS. A place that does not answer is
 * given its share of the time, and then the next one is tried; one that answers with a wrong certificate is not passed over.
 */
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { Deadline } from './deadline.ts'
import { OriginFailure } from './exchange.ts'
import type { ConnectionCall, Line, TlsState } from './http1/contract.ts'
import { Intake } from './intake.ts'
import type { Place, Route } from './place.ts'
import { proxyHeader } from './proxy-header.ts'
import { handshakeFailure, type TlsClient, watchEnd } from './tls.ts'

export interface DialOptions {
  readonly route: Route
  /** `null`: in plain text. */
  readonly tls: TlsClient | null
  readonly proxyHeader: 1 | 2 | null
  readonly clock: Clock
}

export interface DialOwner {
  connected(dial: Dial, line: Line): void
  /** A place was of no use, and the next one is tried. */
  passedOver(failure: OriginFailure): void
  dialFailed(dial: Dial, failure: OriginFailure): void
}

type Phase = 'looking' | 'connecting' | 'securing' | 'over'

export class Dial {
  readonly #options: DialOptions
  readonly #owner: DialOwner
  readonly #deadline: Deadline
  /** When the time is over; monotonic milliseconds. */
  readonly #until: number
  readonly #preface: Buffer | null
  readonly #tried = new Set<string>()
  #phase: Phase = 'looking'
  #socket: Socket | null = null
  #place: Place | null = null
  /** Why the last place was of no use. */
  #failure: OriginFailure | null = null
  /** For whom the connection is made; the owner's to read and change. */
  waiting: ConnectionCall | null

  /** Nothing reaches the owner before `begin` has returned. */
  constructor(options: DialOptions, owner: DialOwner, waiting: ConnectionCall) {
    const { clock } = options
    this.#options = options
    this.#owner = owner
    this.waiting = waiting
    this.#deadline = new Deadline(clock, () => this.#late())
    this.#until = clock.now() + waiting.request.deadlines.connect * 1000
    this.#preface = options.proxyHeader === null ? null : proxyHeader(options.proxyHeader, waiting.request.client?.() ?? null)
  }

  begin(): void {
    this.#next()
  }

  /** Gives it up. */
  stop(): void {
    this.#fail(new OriginFailure('cancelled', 'the server stops', true))
  }

  // --- the place

  #next(): void {
    this.#phase = 'looking'
    const { route, clock } = this.#options
    const now = clock.now()
    const place = route.next(this.#tried, this.#ready)
    if (place === 'later') {
      this.#deadline.set(this.#until - now, now)
      return
    }
    if (place === null || place instanceof OriginFailure) {
      const failure = place ?? this.#failure ?? new OriginFailure('connect_failed', 'there is nowhere to connect to', true)
      process.nextTick(() => this.#fail(failure))
      return
    }
    this.#tried.add(place.name)
    this.#place = place
    // A place that swallows everything must leave time for the others.
    this.#deadline.set((this.#until - now) / (route.left(this.#tried) + 1), now)
    this.#connect(place)
  }

  readonly #ready = (): void => {
    if (this.#phase === 'looking') this.#next()
  }

  // --- the socket

  #connect(place: Place): void {
    this.#phase = 'connecting'
    const intake = new Intake()
    const at = place.path === null ? { host: place.host, port: place.port, noDelay: true } : { path: place.path }
    const socket = connect({
      ...at,
      // An end from the origin is ours to judge, and in a tunnel it travels on.
      allowHalfOpen: true,
      // Over TLS what is read here is not for us.
      ...(this.#options.tls === null
        ? { onread: { buffer: () => intake.buffer, callback: (length, buffer) => intake.take(buffer as Buffer, length) } }
        : {}),
    })
    this.#socket = socket
    const broken = (error: NodeJS.ErrnoException): void => this.#useless(socket, connectFailure(error))
    const closed = (): void => broken(new Error('the socket closed'))
    socket.once('connect', () => {
      if (this.#socket !== socket) return
      socket.off('error', broken)
      socket.off('close', closed)
      if (this.#preface !== null) socket.write(this.#preface)
      if (this.#options.tls === null) this.#connected({ socket, intake, place, tls: null })
      else this.#secure(this.#options.tls, socket, place)
    })
    socket.on('error', broken)
    socket.on('close', closed)
  }

  #secure(tls: TlsClient, plain: Socket, place: Place): void {
    this.#phase = 'securing'
    // What happens to it is told by the TLS socket.
    plain.on('error', () => {})
    let socket: TLSSocket
    try {
      socket = tls.handshake(plain)
    } catch (error) {
      this.#fail(error instanceof OriginFailure ? error : new OriginFailure('tls_setup', String(error), true))
      return
    }
    this.#socket = socket
    const intake = new Intake()
    const end = watchEnd(socket)
    const broken = (error: NodeJS.ErrnoException): void => {
      if (this.#socket !== socket) return
      tls.refused()
      this.#options.route.failed(place)
      this.#fail(handshakeFailure(error))
    }
    const ended = (): void => broken(new Error('the connection ended within the handshake'))
    socket.on('data', (bytes: Buffer) => {
      if (!intake.take(bytes, bytes.length)) socket.pause()
    })
    socket.on('error', broken)
    socket.on('end', ended)
    socket.on('close', ended)
    socket.once('secureConnect', () => {
      if (this.#socket !== socket) return
      tls.secured(socket)
      // Whatever came together with the handshake's last record is told before the next turn of the loop, and was not asked for.
      setImmediate(() => {
        if (this.#socket !== socket) return
        socket.off('error', broken)
        socket.off('end', ended)
        socket.off('close', ended)
        if (intake.early) this.#fail(new OriginFailure('malformed_head', 'bytes from the origin before any request', true))
        else this.#connected({ socket, intake, place, tls: end })
      })
    })
  }

  #connected(line: Line & { readonly tls: TlsState | null }): void {
    this.#over()
    this.#options.route.succeeded(line.place)
    this.#owner.connected(this, line)
  }

  // --- what goes wrong

  #useless(socket: Socket, failure: OriginFailure): void {
    if (this.#socket !== socket) return
    const { route } = this.#options
    if (this.#place !== null) route.failed(this.#place)
    this.#failure = failure
    this.#drop()
    if (route.left(this.#tried) === 0 || this.#options.clock.now() >= this.#until) {
      this.#fail(failure)
      return
    }
    this.#owner.passedOver(failure)
    this.#next()
  }

  #late(): void {
    if (this.#phase === 'looking') {
      this.#fail(this.#failure ?? new OriginFailure('dns', 'no address in time', true))
      return
    }
    const socket = this.#socket
    if (socket !== null) this.#useless(socket, new OriginFailure('connect_timeout', 'no connection in time', true))
  }

  #fail(failure: OriginFailure): void {
    if (this.#phase === 'over') return
    this.#drop()
    this.#over()
    this.#owner.dialFailed(this, failure)
  }

  #over(): void {
    this.#phase = 'over'
    this.#socket = null
    this.#deadline.close()
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = null
    socket?.on('error', () => {})
    socket?.destroy()
  }
}

function connectFailure(error: NodeJS.ErrnoException): OriginFailure {
  const detail = error.code ?? error.message
  if (error.code === 'ECONNREFUSED') return new OriginFailure('connect_refused', detail, true)
  if (error.code === 'ETIMEDOUT') return new OriginFailure('connect_timeout', detail, true)
  return new OriginFailure('connect_failed', detail, true)
}
