/** The client of a request: its addresses, what it may do, and what those behind are told of it. */
import type { Client, Session } from '../../vcl-ts/context.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { ClientEnds } from '../origin/proxy-header.ts'
import type { ActivePolicy } from '../policy/active.ts'
import type { ClientRequest } from '../policy/client-request.ts'
import { appendForwarded, clientAddress, type ForwardingFacts } from '../wire/forwarded.ts'
import type { RequestDeps } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { Caller } from './invalidators.ts'

/** The transaction whose client it is. */
interface Asking {
  readonly engine: Pick<RequestDeps, 'invalidators' | 'isTrusted' | 'settings'>
  readonly exchange: Exchange
  readonly policy: ActivePolicy
  readonly req: ClientRequest
}

/** Made when somebody wants to know who asks: a plain hit makes none. */
export class RequestClient implements Client {
  readonly #tx: Asking
  #forwarded = false
  #clientIp: string | null = null
  #identity: string | null = null
  #mayInvalidate: boolean | null = null
  #mayRefresh: boolean | null = null
  #hasToken = false

  constructor(tx: Asking) {
    this.#tx = tx
  }

  get ip(): string {
    const { peer } = this.#tx.exchange
    if (!peer.trusted) return peer.address
    this.#clientIp ??= clientAddress(peer.address, this.#tx.req.original.headers.joinedLower('x-forwarded-for'), this.#tx.engine.isTrusted)
    return this.#clientIp
  }

  get identity(): string {
    return this.#identity ?? this.ip
  }

  set identity(value: string) {
    this.#identity = value
  }

  get remoteIp(): string {
    return this.#tx.exchange.peer.address
  }

  get trusted(): boolean {
    return this.#tx.exchange.peer.trusted
  }

  get mayInvalidate(): boolean {
    this.#mayInvalidate ??= this.#hasToken || this.#tx.engine.invalidators.mayPurge(this.#caller())
    return this.#mayInvalidate
  }

  /** Whether this request's no-cache is honoured whatever the preset says. */
  get mayRefresh(): boolean {
    if (!this.#tx.policy.honoursRefresh) return false
    // Once: by the time of a second look-up our own forwarding fields are there.
    this.#mayRefresh ??= this.#hasToken || this.#tx.engine.invalidators.mayRefresh(this.#caller())
    return this.#mayRefresh
  }

  /** The bearer token of those who purge is for us alone: no hook and no origin sees it. */
  takeToken(): void {
    const { headers } = this.#tx.req
    if (!headers.getAll('authorization').some((value) => this.#tx.engine.invalidators.isToken(value))) return
    this.#hasToken = true
    headers.removeRaw('authorization')
  }

  session(): Session {
    const { peer } = this.#tx.exchange
    return { localIp: peer.localAddress, localPort: peer.localPort, scheme: peer.scheme }
  }

  /** Of the client's connection, as a PROXY header tells them. Behind a proxy in front the client's own port is not known. */
  ends(): ClientEnds {
    const { address, port, localAddress, localPort } = this.#tx.exchange.peer
    return { address: this.ip, port: this.ip === address ? port : 0, localAddress, localPort }
  }

  /** Sets the forwarding fields. Late, when something looks at them: a plain hit needs none. */
  forward(): void {
    if (this.#forwarded) return
    this.#forwarded = true
    void this.ip
    appendForwarded(this.#tx.req.headers, this.#forwardingFacts())
  }

  /** The fields as they are, or will be, with our forwarding fields. Not for the hot path. */
  get forwardedHeaders(): HeaderMap {
    if (this.#forwarded) return this.#tx.req.headers
    const headers = this.#tx.req.headers.clone()
    appendForwarded(headers, this.#forwardingFacts())
    return headers
  }

  /** Who asks for a page asks for what it includes. */
  takeAfter(page: RequestClient): void {
    // Its fields are those of the page as they came, unless nobody wanted to look back at them.
    this.#forwarded = page.#forwarded && page.#tx.req.original === page.#tx.req
    this.#clientIp = page.#clientIp
    this.#mayInvalidate = page.#mayInvalidate
    this.#mayRefresh = page.#mayRefresh
    this.#hasToken = page.#hasToken
  }

  #forwardingFacts(): ForwardingFacts {
    const { peer } = this.#tx.exchange
    return {
      peerAddress: peer.address,
      trusted: peer.trusted,
      scheme: this.#tx.req.scheme,
      host: this.#tx.req.host,
      name: this.#tx.engine.settings.name,
      httpVersion: this.#tx.req.proto,
      invalidates: this.#tx.req.method === 'BAN' || this.#tx.req.method === 'PURGE',
    }
  }

  #caller(): Caller {
    return { remoteIp: this.remoteIp, ip: this.ip, trusted: this.trusted, headers: this.#tx.req.original.headers }
  }
}
