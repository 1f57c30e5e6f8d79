/** A listening socket and the connections that came through it. */
import { unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import { C, type Counters } from '../counters.ts'
import type { EventLog } from '../log.ts'
import type { ExchangeHandler } from '../request/exchange.ts'
import type { Journal } from '../vsl/journal.ts'
import type { Xids } from '../vsl/xids.ts'
import { formatAddress, type ListenAddress, parseListenAddress } from './address.ts'
import { Http1Connection } from './http1/connection.ts'
import { ConnectionContext, type RefusedObserver } from './http1/context.ts'
import { readShared } from './http1/socket-events.ts'
import { ConnectionRegister } from './limits.ts'
import { peerOf } from './peer.ts'

export interface ListenerOptions {
  /** As `parseListenAddress` takes it. */
  readonly address: string
  /** Others of this process and user may listen there as well, and the system spreads the connections. Not for Unix sockets. */
  readonly reusePort?: boolean
  readonly settings: Settings
  readonly clock: Clock
  readonly counters: Counters
  /** Whether forwarding fields from that address are believed; asked once a connection, with `''` for a Unix socket. */
  readonly isTrusted: (ip: string) => boolean
  readonly handler: ExchangeHandler
  /** Told of every request that was refused before it became an exchange, or within its body. */
  readonly onRefused?: RefusedObserver
  readonly log: EventLog
  /** As in `ContextParts`, both. */
  readonly xids?: Xids
  readonly journal?: Journal
}

export interface Listener {
  /** `127.0.0.1:8080`, `[::1]:8080`, or the path of a Unix socket. */
  readonly address: string
  /** Open client connections, tunnels included. */
  readonly connections: number
  /**
   * Stops accepting, closes idle connections, lets requests under way finish with `Connection: close`; what is left after
   * `deadlineMs` milliseconds is destroyed.
   */
  drain(deadlineMs: number): Promise<void>
  /** Stops at once. */
  close(): Promise<void>
}

/** The address cannot be listened on. `code` is the system's (`EADDRINUSE`, `EACCES`, …). */
export class ListenError extends Error {
  readonly code: string
  readonly address: string

  constructor(code: string, address: string, detail: string) {
    super(`cannot listen on ${address}: ${explanation(code, address) ?? detail}`)
    this.name = 'ListenError'
    this.code = code
    this.address = address
  }
}

/** Connections that the system may hold for us before they are accepted; it lowers it to its own limit. */
const BACKLOG = 4096

/** Throws `TypeError` for an address that cannot be read, `ListenError` when the system refuses it. */
export async function createListener(options: ListenerOptions): Promise<Listener> {
  const where = parseListenAddress(options.address)
  const { settings, clock, counters, log } = options
  const register = new ConnectionRegister(clock, settings, openConnections(counters))
  const onRefused = options.onRefused ?? null
  const { xids, journal } = options
  const context = new ConnectionContext({
    ...{ settings, clock, counters, log, handler: options.handler, onRefused, register },
    ...(xids === undefined ? {} : { xids }),
    ...(journal === undefined ? {} : { journal }),
  })
  const accept = (socket: Socket): void => {
    // A connection that was reset before it was accepted has no address but may still have bytes: over TCP nobody is never `''`.
    const nobody = where.type === 'tcp' && socket.remoteAddress === undefined
    if (nobody || !register.admit()) {
      counters.add(C.sess_dropped)
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    const shared = readShared(socket)
    new Http1Connection(shared, peerOf(shared, 'http', options.isTrusted), context)
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept)
  await listenOn(server, where, options.address, options.reusePort ?? false)
  server.on('error', (error) => log.error({ err: error, address: options.address }, 'the listening socket failed'))
  return new SocketListener(server, context)
}

/** Of this thread. */
function openConnections(counters: Counters): Float64Array {
  return counters.gauge('sess_open', 1)
}

class SocketListener implements Listener {
  readonly #server: Server
  readonly #context: ConnectionContext
  readonly address: string

  constructor(server: Server, context: ConnectionContext) {
    this.#server = server
    this.#context = context
    const bound = server.address()
    this.address = bound === null ? '' : typeof bound === 'string' ? bound : formatAddress(bound.address, bound.port)
  }

  get connections(): number {
    return this.#context.register.count
  }

  drain(deadlineMs: number): Promise<void> {
    const { register, clock } = this.#context
    this.#context.draining = true
    const closed = this.#stopAccepting()
    register.closeIdle()
    const timer = clock.after(deadlineMs, () => register.destroyAll())
    return closed.then(() => {
      timer.cancel()
      register.stop()
    })
  }

  close(): Promise<void> {
    const { register } = this.#context
    this.#context.draining = true
    const closed = this.#stopAccepting()
    register.destroyAll()
    return closed.then(() => register.stop())
  }

  /** Resolves when the last connection has gone. Harmless when called twice. */
  #stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => this.#context.register.whenEmpty(resolve))
    })
  }
}

/** Opens a listening socket. Rejects with a `ListenError`. */
export async function listenOn(server: Server, where: ListenAddress, text: string, reusePort: boolean): Promise<void> {
  try {
    await bind(server, where, reusePort)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EADDRINUSE' || where.type !== 'unix' || !(await isAbandoned(where.path))) throw new ListenError(code, text, String(error))
    unlinkSync(where.path)
    await bind(server, where, false).catch((again: unknown) => {
      throw new ListenError(codeOf(again), text, String(again))
    })
  }
}

function bind(server: Server, where: ListenAddress, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const done = (): void => {
      server.off('error', reject)
      resolve()
    }
    if (where.type === 'unix') server.listen({ path: where.path, backlog: BACKLOG }, done)
    else if (where.host === undefined) server.listen({ port: where.port, backlog: BACKLOG, reusePort }, done)
    else server.listen({ port: where.port, host: where.host, backlog: BACKLOG, reusePort }, done)
  })
}

/** Whether a Unix socket was left behind by a process that has gone: nobody answers on it. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED'))
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN'
}

function explanation(code: string, address: string): string | null {
  switch (code) {
    case 'EADDRINUSE':
      return `another process already listens there. Stop it, or choose another address with --listen`
    case 'EACCES':
      return `this user may not. Ports below 1024 need the capability CAP_NET_BIND_SERVICE; or choose a port from 1024 on`
    case 'EADDRNOTAVAIL':
      return `this machine has no such address. Write one of its own, or :${address.slice(address.lastIndexOf(':') + 1)} for all`
    case 'ENOTFOUND':
      return 'the host name is not known. Write an IP address'
    case 'ENOENT':
      return 'the directory of the socket does not exist. Create it first'
    default:
      return null
  }
}
