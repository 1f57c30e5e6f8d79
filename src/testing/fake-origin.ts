/** The origin as a function: what it is asked is kept, what it answers arrives as if it came over a connection. */
import { Socket } from 'node:net'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { type Body, type BodyFlow, type BodySink, COMPLETE } from '../body/body.ts'
import type { Clock, Timer } from '../clock.ts'
import { bodyOf } from '../object/stored-body.ts'
import {
  type Origin,
  type OriginCall,
  OriginFailure,
  type OriginFailureCode,
  type OriginObserver,
  type OriginRequest,
  type OriginResponse,
} from '../origin/exchange.ts'
import { Ledger } from '../origin/ledger.ts'
import { type Origins, originKey } from '../origin/registry.ts'
import { reasonPhrase } from '../wire/status.ts'
import { type HeadersGiven, headerMap, parseFieldLines } from './headers.ts'

/** A request as it reached the origin. */
export interface OriginSeen {
  readonly method: string
  readonly url: string
  readonly headers: HeaderMap
  /** As text (UTF-8); `''` when there is none. */
  readonly body: string
  /** The backend that was asked: `http://host:port`. */
  readonly backend: string
}

/** What the origin answers. */
export interface OriginAnswer {
  /** 200–599, default 200; 101 where the request asks for another protocol. */
  readonly status?: number
  readonly headers?: HeadersGiven
  readonly body?: string | Uint8Array
  /** How the body's end is known, default `length`. `close`: by the connection's end, which proves nothing. */
  readonly framing?: 'length' | 'chunked' | 'close'
  /** The connection is reset behind these bytes of the body, before its end. */
  readonly breaksOff?: boolean
}

/** No answer: the connection is refused, is reset before an answer, or passes its first-byte deadline. The clock does not move. */
export interface OriginFails {
  readonly fails: 'refuse' | 'reset' | 'timeout'
}

export type OriginReply = OriginAnswer | OriginFails

/** May answer with a promise, to let others come meanwhile; the engine's deadlines run on the manual clock. */
export type OriginHandler = (request: OriginSeen) => OriginReply | Promise<OriginReply>

export interface FakeOriginsInit {
  readonly handler: OriginHandler
  readonly clock: Clock
  /** Is told of each request, with who sent it. */
  readonly saw: (seen: OriginSeen, sender: OriginObserver) => void
  /** The handler threw or answered what no origin can: a fault of the test. */
  readonly faulty: (cause: unknown) => void
}

/** Answers for every backend. Nothing is probed: a backend is well unless the test says otherwise. */
export function fakeOrigins(init: FakeOriginsInit): Origins {
  const known = new Map<string, FakeOrigin>()
  const of = (backend: Backend): FakeOrigin => {
    const key = originKey(backend)
    const found = known.get(key) ?? new FakeOrigin(backend, init)
    known.set(key, found)
    return found
  }
  return {
    of,
    ledger: (backend) => of(backend).ledger.view(null),
    health: (backend) => of(backend).ledger.health,
    healthy: (backend) => of(backend).ledger.allowed,
    since: () => Number.NEGATIVE_INFINITY,
    load: (backend) => of(backend).load,
    full: (backend) => backend.maxRequests != null && of(backend).load >= backend.maxRequests,
    requests: (backend) => of(backend).ledger.requests,
    setProbed() {},
    ejected: (backend, out) => of(backend).ledger.eject(out),
    countRefusal: (backend, why) => of(backend).ledger.count(why),
    setHealth: (backend, health) => of(backend).ledger.setHealth(health, init.clock.wall()),
    close() {},
    stop() {},
  }
}

class FakeOrigin implements Origin {
  readonly name: string
  readonly hostHeader: string
  readonly ledger: Ledger
  /** Requests under way. */
  load = 0
  readonly #init: FakeOriginsInit

  constructor(backend: Backend, init: FakeOriginsInit) {
    this.name = backend.url
    this.hostHeader = backend.hostHeader ?? backend.authority
    this.ledger = new Ledger(init.clock.wall())
    this.#init = init
  }

  send(request: OriginRequest, observer: OriginObserver): OriginCall {
    const call = new FakeCall(request, observer, this.#init, () => void this.load--)
    this.load++
    queueMicrotask(() => {
      if (this.ledger.allowed) {
        this.ledger.count('req')
        call.begin(this.name)
      } else call.refuse()
    })
    return call
  }

  close(): void {}
}

const FAULTS: Readonly<Record<OriginFails['fails'], OriginFailureCode>> = {
  refuse: 'connect_refused',
  reset: 'reset',
  timeout: 'first_byte_timeout',
}

class FakeCall implements OriginCall {
  readonly #request: OriginRequest
  readonly #observer: OriginObserver
  readonly #init: FakeOriginsInit
  readonly #ended: () => void
  #deadline: Timer | null = null
  #over = false

  constructor(request: OriginRequest, observer: OriginObserver, init: FakeOriginsInit, ended: () => void) {
    this.#request = request
    this.#observer = observer
    this.#init = init
    this.#ended = ended
  }

  /** It is marked sick. */
  refuse(): void {
    this.#fail('unhealthy')
  }

  begin(backend: string): void {
    if (this.#over) return
    const { body } = this.#request
    if (body === null) {
      this.#ask(backend, '')
      return
    }
    const chunks: Buffer[] = []
    body.read({
      chunk: (bytes) => {
        chunks.push(Buffer.from(bytes))
        return true
      },
      end: (end) => (end.type === 'complete' ? this.#ask(backend, Buffer.concat(chunks).toString()) : this.#fail('request_body_failed')),
    })
  }

  cancel(): void {
    this.#end()
  }

  #end(): void {
    if (!this.#over) this.#ended()
    this.#over = true
    this.#deadline?.cancel()
  }

  #ask(backend: string, body: string): void {
    const { method, target, fieldLines, deadlines } = this.#request
    const seen: OriginSeen = { method, url: target, headers: parseFieldLines(fieldLines), body, backend }
    const { clock, handler, saw } = this.#init
    this.#deadline = clock.after(deadlines.firstByte * 1000, () => this.#fail('first_byte_timeout'))
    saw(seen, this.#observer)
    let reply: OriginReply | Promise<OriginReply>
    try {
      reply = handler(seen)
    } catch (cause) {
      this.#faulty(cause)
      return
    }
    if (!(reply instanceof Promise)) this.#take(reply)
    else
      reply.then(
        (late) => this.#take(late),
        (cause: unknown) => this.#faulty(cause),
      )
  }

  #take(reply: OriginReply): void {
    if (this.#over) return
    let answer: { readonly response: OriginResponse; readonly body: Body | null }
    try {
      if ('fails' in reply) {
        this.#fail(FAULTS[reply.fails])
        return
      }
      answer = answerOf(reply, this.#request.method)
    } catch (cause) {
      this.#faulty(cause)
      return
    }
    this.#end()
    const { response, body } = answer
    if (response.status !== 101) this.#observer.response(response, body)
    else if (this.#request.upgrade !== null) this.#observer.upgraded(response, new Socket(), Buffer.alloc(0))
    else this.#observer.failed(new OriginFailure('unexpected_upgrade', 'the origin answered 101 without being asked'))
  }

  #faulty(cause: unknown): void {
    this.#init.faulty(cause)
    this.#fail('connect_failed')
  }

  #fail(code: OriginFailureCode): void {
    if (this.#over) return
    this.#end()
    this.#observer.failed(new OriginFailure(code, `the origin of the test: ${code}`, code === 'connect_refused' || code === 'unhealthy'))
  }
}

function answerOf(reply: OriginAnswer, method: string): { response: OriginResponse; body: Body | null } {
  const { status = 200 } = reply
  if (!Number.isInteger(status) || (status !== 101 && (status < 200 || status > 599)))
    throw new RangeError(`the origin answered with status ${String(status)}; give a whole number from 200 to 599`)
  const headers = headerMap(reply.headers)
  const bytes = Buffer.from(typeof reply.body === 'string' ? Buffer.from(reply.body) : (reply.body ?? []))
  const bodiless = method === 'HEAD' || status === 204 || status === 304 || status === 101
  const framing = bodiless ? 'none' : (reply.framing ?? 'length')
  headers.removeRaw('transfer-encoding')
  if (!bodiless) headers.removeRaw('content-length')
  let contentLength: number | null = null
  if (framing === 'chunked') headers.appendRaw('Transfer-Encoding', 'transfer-encoding', 'chunked')
  else if (framing === 'length') {
    contentLength = bytes.length + (reply.breaksOff === true ? 1 : 0)
    headers.appendRaw('Content-Length', 'content-length', String(contentLength))
  } else if (framing === 'none' && headers.hasLower('content-length')) contentLength = Number(headers.getLower('content-length'))
  const body = bodiless ? null : reply.breaksOff === true ? new BrokenBody(bytes, contentLength) : new WholeBody(bytes, contentLength)
  return { response: { status, reason: reasonPhrase(status), version: '1.1', headers, framing, contentLength }, body }
}

class WholeBody implements Body {
  readonly length: number | null
  readonly #bytes: Buffer

  constructor(bytes: Buffer, length: number | null) {
    this.#bytes = bytes
    this.length = length
  }

  read(sink: BodySink): BodyFlow {
    if (this.#bytes.length > 0) return bodyOf(this.#bytes).read(sink)
    sink.end(COMPLETE)
    return { resume() {}, cancel() {} }
  }
}

class BrokenBody implements Body {
  readonly length: number | null
  readonly #bytes: Buffer

  constructor(bytes: Buffer, length: number | null) {
    this.#bytes = bytes
    this.length = length
  }

  read(sink: BodySink): BodyFlow {
    const cause = new OriginFailure('reset', 'the origin of the test broke its answer off')
    return bodyOf(this.#bytes).read({ chunk: (bytes) => sink.chunk(bytes), end: () => sink.end({ type: 'reset', cause }) })
  }
}
