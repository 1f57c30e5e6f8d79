/**
 * What the transaction log has of a fetch: it looks on while the machine goes from step to step, and writes down in Varnish's words what the
 * steps tell. There is one only while the request that began the fetch is recorded.
 */
import type { BodyEnd } from '../body/body.ts'
import type { OriginResponse, OriginWire } from '../origin/exchange.ts'
import type { BackendRequest } from '../policy/backend-request.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import type { OpenTransaction } from '../vsl/journal.ts'
import { headBytes, MessageLog } from '../vsl/message-log.ts'
import type { FetchInit } from './start.ts'
import type { FetchStep } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

/** Begins one; `null`: nobody listens, or there is no room. */
export function openFetchLog(fetch: FetchTransaction): FetchLog | null {
  const { log, xid: parent } = fetch.init.request
  if (log === null) return null
  const reason = reasonOf(fetch.init)
  const open = log.journal.begin('bereq', fetch.xid, parent, reason)
  if (open === null) return null
  log.link('bereq', fetch.xid, reason)
  return new FetchLog(fetch, open)
}

function reasonOf({ kind, request }: FetchInit): string {
  if (request.upgrade !== null) return 'pipe'
  return kind === 'miss' ? 'fetch' : kind === 'pass' ? 'pass' : 'bgfetch'
}

/** Varnish's numbers of how the end of a body is known. */
const FRAMINGS: Readonly<Record<OriginResponse['framing'], string>> = {
  none: '0 none',
  chunked: '2 chunked',
  length: '3 length',
  close: '4 eof',
}

export class FetchLog {
  readonly #fetch: FetchTransaction
  /** Another one with each retry. */
  #open: OpenTransaction
  #bereq: MessageLog
  #beresp: MessageLog
  #hook: string | null = null
  #judged: Pick<BackendResponse, 'ttl' | 'grace' | 'keep' | 'uncacheable'> | null = null
  #wire: OriginWire | null = null
  #sent = 0
  #came = 0
  #bytes = 0
  /** The length is told. */
  #counted = false

  constructor(fetch: FetchTransaction, open: OpenTransaction) {
    this.#fetch = fetch
    this.#open = open
    this.#bereq = new MessageLog(open, 'Bereq')
    this.#beresp = new MessageLog(open, 'Beresp')
    this.#begin()
  }

  /** The request to the origin is made; `backendFetch` looks at it next. */
  asks({ method, url, headers }: BackendRequest): void {
    this.#bereq.request(method, url, '1.1', headers)
    this.#call('BACKEND_FETCH')
  }

  /** It is about to be sent. */
  sends({ method, url, headers }: BackendRequest): void {
    this.#bereq.request(method, url, '1.1', headers)
    this.#sent = headBytes(`${method} ${url} HTTP/1.1`, headers)
    const { log } = this.#fetch.init.request
    if (log !== null) log.fetchHead = this.#sent
    this.#open.stamp('Fetch', this.#fetch.requestTime)
  }

  /** A connection has it, or will. */
  sent(): void {
    this.#open.stamp('Bereq')
  }

  came(response: OriginResponse, wire: OriginWire | null): void {
    const { status, reason, version, headers } = response
    this.#wire = wire
    if (wire !== null) {
      const { descriptor, address, port, localAddress, localPort, reused } = wire
      const how = reused ? 'reuse' : 'connect'
      this.#open.add('BackendOpen', `${descriptor} ${this.#backend} ${address} ${port} ${localAddress} ${localPort} ${how}`)
    }
    this.#open.stamp('Beresp')
    this.#beresp.response(version, status, reason)
    this.#beresp.fields(headers)
    this.#came = headBytes(`HTTP/${version} ${status} ${reason}`, headers)
  }

  /** The life of an answer is computed; `hook` looks at it next. */
  judged(beresp: BackendResponse, hook: 'BACKEND_RESPONSE' | 'BACKEND_REFRESH' | 'BACKEND_ERROR'): void {
    const { ttl, grace, keep, age, control, status, reason, headers, uncacheable } = beresp
    this.#judged = { ttl, grace, keep, uncacheable }
    if (hook === 'BACKEND_ERROR') this.#open.stamp('Error')
    this.#beresp.response('1.1', status, reason)
    this.#beresp.fields(headers)
    if (hook !== 'BACKEND_ERROR') {
      const now = this.#now()
      const date = inSeconds(headers.getLower('date'), now)
      const expires = inSeconds(headers.getLower('expires'), 0)
      const maxAge = control.sMaxage ?? control.maxAge ?? 0
      const verdict = uncacheable ? 'uncacheable' : 'cacheable'
      this.#open.add(
        'TTL',
        `RFC ${whole(ttl)} ${whole(grace)} ${whole(keep)} ${now} ${now - Math.round(age)} ${date} ${expires} ${maxAge} ${verdict}`,
      )
    }
    this.#call(hook)
  }

  /** A step is going to be taken. */
  before(step: FetchStep): void {
    if (step.step !== 'fail') return
    const { code, message } = step.failure
    this.#open.add(code === 'policy' ? 'VCL_Error' : 'FetchError', `${code}: ${message}`)
  }

  /** A step led to the next one. */
  after(next: FetchStep): void {
    this.#open.quiet()
    if (this.#hook === null) return
    const word = wordOf(next)
    if (word === null) return
    if (next.step === 'receive') this.#settled(next.beresp, next.hitForPass)
    this.#returned(word)
    if (next.step === 'receive') this.#open.stamp('Process')
  }

  /** A hook waits for something: what its policy asks from then on is not told apart from what others do. */
  waits(): void {
    this.#open.quiet()
  }

  /** The answer is taken in. */
  receives(stored: boolean, framing: OriginResponse['framing'], stream: boolean, stages: number): void {
    if (stages > 0) this.#open.add('Filters', this.#fetch.compression === null ? 'policy' : 'coding')
    this.#open.add('Storage', stored ? 'memory' : 'transient')
    this.#open.add('Fetch_Body', `${FRAMINGS[framing]} ${stream ? 'stream' : '-'}`)
  }

  /** An error page of so many bytes was made. */
  made(stored: boolean, bytes: number): void {
    if (this.#hook !== null) this.#returned('deliver')
    this.#open.add('Storage', stored ? 'memory' : 'transient')
    this.#open.add('Length', String(bytes))
  }

  /** It is whole, or has broken off. */
  body(end: BodyEnd, bytes: number): void {
    if (this.#counted) return
    this.#counted = true
    this.#bytes = bytes
    if (end.type === 'reset') this.#open.add('FetchError', end.cause.message)
    this.#closed(end.type === 'complete')
    this.#open.stamp('BerespBody')
    this.#open.add('Length', String(bytes))
  }

  /** Becomes another transaction. */
  retries(): void {
    const { xid } = this.#fetch
    if (this.#hook !== null) this.#returned('retry')
    const next = this.#open.journal.begin('bereq', xid, this.#open.vxid, 'retry', this.#open.began)
    this.#closed(false)
    this.#open.stamp('Retry')
    if (next !== null) this.#open.link('bereq', xid, 'retry')
    this.end()
    if (next === null) return
    this.#open = next
    this.#bereq = new MessageLog(next, 'Bereq')
    this.#beresp = new MessageLog(next, 'Beresp')
    this.#judged = null
    this.#wire = null
    this.#sent = 0
    this.#came = 0
    this.#begin()
  }

  get open(): OpenTransaction {
    return this.#open
  }

  end(): void {
    const { body } = this.#fetch.init.request
    const up = this.#sent > 0 && body !== null && body.length !== null ? body.length : 0
    this.#open.add('BereqAcct', `${this.#sent} ${up} ${this.#sent + up} ${this.#came} ${this.#bytes} ${this.#came + this.#bytes}`)
    this.#open.end()
  }

  #begin(): void {
    const { policies, preset } = this.#fetch.init.policy.compiled
    this.#open.start()
    this.#open.add('VCL_use', policies.length === 0 ? `builtin.${preset}` : policies.map(({ name }) => name ?? 'policy').join('+'))
  }

  #closed(clean: boolean): void {
    if (this.#wire !== null) this.#open.add('BackendClose', `${this.#wire.descriptor} ${this.#backend} ${clean ? 'recycle' : 'close'}`)
    this.#wire = null
  }

  #settled(beresp: BackendResponse, hitForPass: number | null): void {
    const { ttl, grace, keep, uncacheable } = beresp
    const before = this.#judged
    this.#beresp.response('1.1', beresp.status, beresp.reason)
    const same = before !== null && before.ttl === ttl && before.grace === grace && before.keep === keep
    const refused = uncacheable && before?.uncacheable !== true
    if (hitForPass === null && same && !refused) return
    const source = hitForPass !== null ? 'HFP' : refused ? 'HFM' : 'VCL'
    const verdict = uncacheable || hitForPass !== null ? 'uncacheable' : 'cacheable'
    this.#open.add('TTL', `${source} ${whole(hitForPass ?? ttl)} ${whole(grace)} ${whole(keep)} ${this.#now()} ${verdict}`)
  }

  #call(hook: string): void {
    this.#open.add('VCL_call', hook)
    this.#hook = hook
    this.#open.observes()
  }

  #returned(word: string): void {
    const { bereq, context } = this.#fetch
    if (this.#hook === 'BACKEND_FETCH' && bereq !== null) this.#bereq.request(bereq.method, bereq.url, '1.1', bereq.headers)
    else if (context !== null) this.#beresp.fields(context.beresp.headers)
    this.#hook = null
    this.#open.quiet()
    this.#open.add('VCL_return', word)
  }

  #now(): number {
    return Math.floor(this.#fetch.deps.clock.wall() / 1000)
  }

  get #backend(): string {
    return this.#fetch.backend?.url ?? '-'
  }
}

/** What a hook must have answered that led there; `null`: nothing yet. */
function wordOf(next: FetchStep): string | null {
  switch (next.step) {
    case 'send':
      return 'fetch'
    case 'receive':
      return next.hitForPass === null ? 'deliver' : 'pass'
    case 'respond':
      return next.merged === null ? 'useFresh' : 'merge'
    case 'fail':
      return next.failure.code === 'policy' ? 'fail' : next.status === null ? 'abandon' : 'error'
    case 'done':
      return 'deliver'
    default:
      return null
  }
}

const whole = (seconds: number): string => String(Math.round(seconds))

function inSeconds(date: string | undefined, fallback: number): number {
  const time = date === undefined ? Number.NaN : Date.parse(date)
  return Number.isNaN(time) ? fallback : Math.floor(time / 1000)
}
