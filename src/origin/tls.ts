/**
 * TLS to one backend: whom to believe, what to show, and sessions to resume. Sessions belong to this object and never to another, for a
 * resumed session is not checked again: it stands for the name, authorities and certificate with which it was made.
 */
import { isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect, type SecureContext, type TLSSocket } from 'node:tls'
import type { BackendTls } from '../../vcl-ts/backend-tls.ts'
import type { Clock } from '../clock.ts'
import { OriginFailure, type OriginFailureCode } from './exchange.ts'
import type { TlsState } from './http1/contract.ts'
import { TlsMaterial } from './tls-material.ts'

/** The longest that a certificate, once checked, counts without being looked at again; milliseconds. */
const RECHECK = 3_600_000

export class TlsClient {
  readonly #tls: BackendTls
  readonly #clock: Clock
  readonly #material: TlsMaterial
  #context: SecureContext | null = null
  #session: Buffer | null = null
  /** Until when a session may stand for the last full handshake. */
  #trustedUntil = 0

  constructor(tls: BackendTls, clock: Clock) {
    this.#tls = tls
    this.#clock = clock
    this.#material = new TlsMaterial(tls)
  }

  /** Begins a handshake on a connected socket. Throws an `OriginFailure` when certificate or key cannot be used. */
  handshake(socket: Socket): TLSSocket {
    const context = this.#current()
    const { serverName, verify } = this.#tls
    const session = this.#clock.now() < this.#trustedUntil ? this.#session : null
    const secure = connect({
      socket,
      secureContext: context,
      rejectUnauthorized: verify,
      // An address cannot be asked for by SNI (RFC 6066 §3).
      servername: isIP(serverName) === 0 ? serverName : '',
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
      ALPNProtocols: ['http/1.1'],
      ...(session === null ? {} : { session }),
    })
    // Who was verified stays who it is.
    secure.disableRenegotiation()
    // With TLS 1.3 tickets come behind the handshake; before its end nothing was checked.
    secure.on('session', (ticket: Buffer) => {
      if (this.#believes(secure, context)) this.#session = ticket
    })
    return secure
  }

  /** The handshake has succeeded. */
  secured(socket: TLSSocket): void {
    const reused = socket.isSessionReused()
    if (!reused) this.#trustedUntil = this.#clock.now() + Math.min(RECHECK, lifeOf(socket, this.#clock.wall()))
    if (this.#believes(socket, this.#context) && socket.getProtocol() === 'TLSv1.2') this.#session = socket.getSession() ?? null
  }

  /** It has not: perhaps by the fault of the session. */
  refused(): void {
    this.#session = null
  }

  #current(): SecureContext {
    let context: SecureContext
    try {
      context = this.#material.context
    } catch (error) {
      throw new OriginFailure('tls_setup', (error as Error).message, true)
    }
    if (context !== this.#context) this.#session = null
    this.#context = context
    return context
  }

  #believes(socket: TLSSocket, context: SecureContext | null): boolean {
    return context === this.#context && (socket.authorized || !this.#tls.verify) && !socket.destroyed
  }
}

/** Milliseconds that its certificate is still valid. */
function lifeOf(socket: TLSSocket, wall: number): number {
  const until = Date.parse(socket.getPeerCertificate().valid_to)
  return Number.isNaN(until) ? 0 : until - wall
}

/** libuv's: it reads already. */
const EALREADY = -114

interface Handle {
  readonly reading?: boolean
  readonly _parent?: { readStart?(): number }
}

/**
 * Watches how a TLS socket ends. Node tells an alert and a mere FIN alike; the difference is that behind a FIN the connection below is read
 * no further, so that reading can be begun on it, and behind an alert it goes on. An end while nothing is read can only be an alert that
 * came with what was read before. Where Node does not say, nothing is proven.
 */
export function watchEnd(socket: TLSSocket): TlsState {
  const state = { endProven: false }
  const push = socket.push
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) {
      const handle = (socket as unknown as { _handle?: Handle | null })._handle
      state.endProven = handle?.reading === false || handle?._parent?.readStart?.() === EALREADY
    }
    return push.call(socket, chunk, encoding)
  }
  return state
}

const EXPIRED: ReadonlySet<string> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CRL_HAS_EXPIRED', 'CRL_NOT_YET_VALID'])
const UNTRUSTED =
  /^(?:(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_|CERT_|CRL_|INVALID_|ERROR_IN_CERT|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH|ERR_TLS_CERT_(?!ALTNAME))/

/** Why a handshake failed. */
export function handshakeFailure(error: NodeJS.ErrnoException): OriginFailure {
  const { code = '', message } = error
  return new OriginFailure(handshakeCode(code), code === '' || message.includes(code) ? message : `${message} (${code})`, true)
}

function handshakeCode(code: string): OriginFailureCode {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'tls_name'
  if (EXPIRED.has(code)) return 'tls_expired'
  return UNTRUSTED.test(code) ? 'tls_untrusted' : 'tls_handshake'
}
