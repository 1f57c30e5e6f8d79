/** A policy in the real engine, without sockets: whole requests, a fake origin, a clock that moves when told to. */
import type { Backend } from '../../vcl-ts/backend.ts'
import { type Duration, seconds } from '../../vcl-ts/duration.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Policy, PolicyError } from '../../vcl-ts/policy.ts'
import { type Assembly, assemble, type ServerOptions } from '../assembly.ts'
import { ManualClock } from '../clock.ts'
import { bodyOf } from '../object/stored-body.ts'
import type { Peer } from '../request/exchange.ts'
import { runRequest } from '../request/machine.ts'
import { MemoryExchange } from '../request/memory-exchange.ts'
import { RECV } from '../request/step.ts'
import { TracedTransaction } from '../request/traced-transaction.ts'
import { formatHttpDate } from '../wire/http-date.ts'
import { fakeOrigins, type OriginHandler, type OriginReply } from './fake-origin.ts'
import { type HeadersGiven, headerMap, parseFieldLines } from './headers.ts'
import { type Trace, Tracer } from './trace.ts'

export interface TestOptions
  extends Pick<ServerOptions, 'preset' | 'name' | 'memory' | 'maxObject' | 'trust' | 'compress' | 'slice' | 'limits' | 'deadlines'> {
  /** What every backend answers: a reply, or a function of the request. Default: an empty 200 without any caching fields. */
  readonly origin?: OriginReply | OriginHandler
  /** When the clock starts, default 2026-01-01T00:00:00Z. */
  readonly start?: Date
}

/** A request as a client sends it. */
export interface TestRequest {
  /** Default `GET`. */
  readonly method?: string
  /** Path and query, or `*`. */
  readonly url: string
  /** `Host` is `www.example.com` unless given; `Content-Length` is set for a body. */
  readonly headers?: HeadersGiven
  readonly body?: string | Uint8Array
  /** The client's address, default `192.0.2.1`. */
  readonly ip?: string
  /** The listener's scheme, default `http`. */
  readonly scheme?: 'http' | 'https'
  /** Default `1.1`. */
  readonly proto?: '1.0' | '1.1' | '2'
}

/** The answer that the client gets, and how it came about. */
export interface TestAnswer {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderMap
  /** As text (UTF-8). */
  readonly body: string
  readonly bytes: Uint8Array
  /** The answer broke off where the client can see it. */
  readonly broken: boolean
  readonly trace: Trace
}

/** A cache with one policy, empty at first. It holds no socket, no port and no running timer. */
export interface PolicyTest {
  /**
   * Sends one request and waits for its answer, and for what the origin does at once behind it (a background refresh). Requests that are
   * sent without waiting in between are under way together. Rejects with what the origin's function threw.
   */
  request(request: string | TestRequest): Promise<TestAnswer>
  /** Moves the clock: seconds, or text such as `'5m'`. Deadlines that pass on the way fire, in order. */
  advance(duration: Duration): Promise<void>
  /** Milliseconds since the Unix epoch, by the clock of the test. */
  readonly now: number
  /** As an operator says it: what is `sick` is not asked, and directors go elsewhere. Probes do not run here; `auto` is healthy. */
  setHealth(backend: Backend, health: 'healthy' | 'sick' | 'auto'): void
  /** Counters in Varnish's names; those that are 0 included. */
  stat(): Record<string, number>
  /** Runs `fini`; answers what went wrong in it. Needed only where a policy has one. */
  close(): Promise<readonly PolicyError[]>
}

const QUIET = { info: () => {}, warn: () => {}, error: () => {} }
const MEMORY = 64 * 1024 * 1024
const TARGET = /^(?:\/[\x21\x22\x24-\x7e]*|\*)$/

/** Loads a policy (`init` runs) into a cache of its own. Rejects with a `PolicyError` for one that cannot be used. */
export async function testPolicy<State>(policy: Policy<State>, options: TestOptions = {}): Promise<PolicyTest> {
  const test = new RunningTest(policy as Policy, options)
  await test.init()
  return test
}

class RunningTest implements PolicyTest {
  readonly #assembly: Assembly
  readonly #clock: ManualClock
  readonly #tracer = new Tracer()
  readonly #faults: unknown[] = []

  constructor(policy: Policy, { origin, start, ...options }: TestOptions) {
    this.#clock = new ManualClock(start?.getTime())
    const handler = typeof origin === 'function' ? origin : (): OriginReply => origin ?? {}
    const origins = fakeOrigins({
      handler,
      clock: this.#clock,
      saw: this.#tracer.saw,
      faulty: (cause) => this.#faults.push(cause),
    })
    this.#assembly = assemble(
      { origin: 'http://origin.test', memory: MEMORY, ...options, policy, clock: this.#clock, eventLog: QUIET },
      { origins, observe: this.#tracer.observe, random: repeatable() },
    )
  }

  async init(): Promise<void> {
    await this.#assembly.engine.policy().begin()
  }

  async request(given: string | TestRequest): Promise<TestAnswer> {
    const exchange = this.#exchange(typeof given === 'string' ? { url: given } : given)
    const tx = new TracedTransaction(this.#assembly.engine, exchange)
    tx.renamed = this.#tracer.renamed
    runRequest(tx, RECV)
    await exchange.answered
    await settled()
    if (this.#faults.length > 0) throw this.#faults.shift()
    const headers = parseFieldLines(exchange.fieldLines)
    if (!headers.hasLower('date')) headers.set('Date', formatHttpDate(this.#clock.wall()))
    if (exchange.contentLength !== null) headers.appendRaw('Content-Length', 'content-length', String(exchange.contentLength))
    const { status, reason, bytes, broken } = exchange
    return { status, reason, headers, bytes, body: bytes.toString(), broken, trace: this.#tracer.trace(tx) }
  }

  async advance(duration: Duration): Promise<void> {
    // What has been sent reaches the origin before time goes on.
    await settled()
    this.#clock.advance(seconds(duration) * 1000)
    await settled()
  }

  get now(): number {
    return this.#clock.wall()
  }

  setHealth(backend: Backend, health: 'healthy' | 'sick' | 'auto'): void {
    this.#assembly.origins.setHealth(backend, health)
  }

  stat(): Record<string, number> {
    return this.#assembly.counters.snapshot()
  }

  close(): Promise<readonly PolicyError[]> {
    const { engine, stores } = this.#assembly
    stores.stop()
    return engine.policy().end()
  }

  #exchange(given: TestRequest): MemoryExchange {
    const { method = 'GET', url, body, ip = '192.0.2.1', scheme = 'http', proto = '1.1' } = given
    if (!TARGET.test(url)) throw new TypeError(`url ${JSON.stringify(url)} is not a request target; give path and query: /page?a=b`)
    const headers = headerMap(given.headers)
    if (!headers.hasLower('host') && proto !== '1.0') headers.append('Host', 'www.example.com')
    const bytes = body === undefined ? null : Buffer.from(typeof body === 'string' ? Buffer.from(body) : body)
    if (bytes !== null && !headers.hasLower('content-length')) headers.appendRaw('Content-Length', 'content-length', String(bytes.length))
    const trusted = this.#assembly.engine.isTrusted(ip)
    const peer: Peer = { address: ip, port: 1024, localAddress: '192.0.2.2', localPort: scheme === 'https' ? 443 : 80, scheme, trusted }
    const host = headers.getLower('host') ?? null
    return new MemoryExchange({ method, target: url, host, version: proto, headers }, peer, bytes === null ? null : bodyOf(bytes))
  }
}

/** The same numbers in every run (a linear congruential generator, Numerical Recipes). */
function repeatable(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Lets everything happen that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
