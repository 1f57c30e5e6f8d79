/**
 * What the transaction log has of a client's request: it looks on while the machine goes from step to step, and writes down in Varnish's words
 * what the steps tell. There is one only while somebody listens.
 */

import type { RequestFailure } from '../errors.ts'
import { keyPart } from '../object/key-text.ts'
import type { Marker } from '../object/marker.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import type { TunnelEnd } from '../origin/tunnel.ts'
import type { OpenTransaction } from '../vsl/journal.ts'
import { fieldsOfLines, headBytes, MessageLog } from '../vsl/message-log.ts'
import { urlText } from '../vsl/record-text.ts'
import type { ExchangeEnd, RequestHead } from './exchange.ts'
import type { RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

/** Begins one for a transaction whose fields are still as they came; `null`: there is no room. `page`: includes it. */
export function openRequestLog(tx: RequestTransaction, page: RequestTransaction | null): RequestLog | null {
  const { engine, exchange, xid } = tx
  const session = exchange.session ?? null
  const level = page === null ? 0 : page.req.esiLevel + 1
  const reason = page === null ? 'rxreq' : `esi ${level}`
  const parent = page === null ? (session === null ? 0 : session.xid) : page.xid
  const open = engine.journal.begin('req', xid, parent, reason)
  if (open === null) return null
  const above = page === null ? (session === null ? null : session.log) : page.log === null ? null : page.log.open
  above?.link('req', xid, reason)
  return new RequestLog(tx, open)
}

export class RequestLog {
  /** Another one after a restart. */
  open: OpenTransaction
  readonly #tx: RequestTransaction
  readonly #headBytes: number
  #req: MessageLog
  #resp: MessageLog
  /** A hook that has not answered yet. */
  #hook: string | null = null
  #end: ExchangeEnd | null = null
  /** Something is still to be written when the exchange has ended. */
  #held = false

  constructor(tx: RequestTransaction, open: OpenTransaction) {
    const { head } = tx.exchange
    this.#tx = tx
    this.open = open
    this.#headBytes = headBytes(`${head.method} ${head.target} HTTP/1.1`, head.headers)
    this.#req = new MessageLog(open, 'Req')
    this.#resp = new MessageLog(open, 'Resp')
    open.start()
    open.stamp('Req', open.began)
    this.#begin(head)
  }

  /** A step is going to be taken. */
  before(step: RequestStep): void {
    if (this.#hook !== null) this.#answered(step)
    const { open } = this
    const now = this.#tx.engine.clock.now()
    switch (step.step) {
      case 'recv':
        // As hooks see them, whether or not anything needs them yet.
        this.#req.fields(this.#tx.client.forwardedHeaders)
        this.#call('RECV')
        return
      case 'key':
        this.#call('HASH')
        return
      case 'hit': {
        const { object } = step
        open.add('Hit', `${object.xid} ${object.left(now).toFixed(6)} ${object.grace.toFixed(6)} ${object.keep.toFixed(6)}`)
        this.#call('HIT')
        return
      }
      case 'miss':
        if (step.refusal !== null) this.#remembered('HitMiss', step.marker)
        this.#call('MISS')
        return
      case 'pass':
        if (step.refusal !== null) this.#remembered('HitPass', step.marker)
        this.#call('PASS')
        return
      case 'pipe':
        this.#call('PIPE')
        return
      case 'purge':
        this.#call('PURGE')
        return
      case 'synth': {
        const { status, reason, failure } = step.synth
        if (failure !== null) this.#error(failure)
        this.#resp.response('1.1', status, reason ?? '')
        this.#call('SYNTH')
        return
      }
      case 'deliver': {
        const { status, reason, headers, object } = step.answer
        this.#resp.response('1.1', status, reason)
        this.#resp.fields(headers ?? fieldsOfLines(object?.fieldLines ?? ''))
        this.#call('DELIVER')
        return
      }
      default:
    }
  }

  /** A step led to the next one. */
  after(step: RequestStep, next: RequestStep): void {
    this.open.quiet()
    if (step.step === 'key') this.#key()
    if (this.#hook !== null) this.#answered(next)
  }

  /** A hook waits for something: what its policy asks from then on is not told apart from what others do. */
  waits(): void {
    this.open.quiet()
  }

  /** A fetch is going to be begun. */
  fetches(): void {
    if (this.#hook !== null) this.#returned(this.#hook === 'PIPE' ? 'pipe' : 'fetch')
  }

  stamp(event: string): void {
    this.open.stamp(event)
  }

  /** The request has become another transaction. */
  restarts(): void {
    const { engine, xid, exchange, req } = this.#tx
    this.open.stamp('Restart')
    const next = engine.journal.begin('req', xid, this.open.vxid, 'restart', this.open.began)
    if (next !== null) this.open.link('req', xid, 'restart')
    this.open.end()
    if (next === null) return
    this.open = next
    this.#req = new MessageLog(next, 'Req')
    this.#resp = new MessageLog(next, 'Resp')
    next.start()
    this.#begin({ ...exchange.head, method: req.method, target: req.url, headers: req.headers })
  }

  /** The head of the answer goes out. `length`: of the body, announced. */
  sends(status: number, reason: string, fieldLines: string, length: number | null, assembled: boolean): void {
    this.open.stamp('Process')
    if (assembled) this.open.add('Filters', 'esi')
    this.#resp.response('1.1', status, reason)
    // Nobody sees the head of a fragment, which is not made.
    if (this.#tx.req.esiLevel > 0) return
    const fields = fieldsOfLines(fieldLines)
    const told = length === null || fields.some(([name]) => name.toLowerCase() === 'content-length')
    this.#resp.fields(told ? fields : [...fields, ['Content-Length', String(length)]])
  }

  /** What comes behind the end of the exchange still belongs to it, until `release`. */
  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    if (this.#end !== null) this.open.end()
  }

  tunnelled(end: TunnelEnd): void {
    this.open.stamp('Pipe')
    this.open.add('PipeAcct', `${this.#headBytes} ${this.open.fetchHead} ${end.fromA} ${end.fromB}`)
    this.release()
  }

  ended(end: ExchangeEnd): void {
    const { outcome, reason, story, exchange } = this.#tx
    const { body } = exchange
    this.open.stamp('Resp')
    if (end.type !== 'sent') this.open.add('Error', end.type === 'left' ? 'the client left' : 'the answer was broken off')
    this.open.add('Debug', `${outcome} ${reason}${story === '' ? '' : ` ${story}`}`)
    const came = body !== null && 'consumed' in body && typeof body.consumed === 'number' ? body.consumed : 0
    this.open.add(
      'ReqAcct',
      `${this.#headBytes} ${came} ${this.#headBytes + came} ${end.bytes - end.bodyBytes} ${end.bodyBytes} ${end.bytes}`,
    )
    this.#end = end
    if (!this.#held) this.open.end()
  }

  #begin(head: RequestHead): void {
    const { exchange, policy } = this.#tx
    const { peer } = exchange
    const names = policy.compiled.policies.map(({ name }) => name ?? 'policy')
    this.open.add('VCL_use', names.length === 0 ? `builtin.${policy.compiled.preset}` : names.join('+'))
    this.open.add('ReqStart', `${peer.address === '' ? '-' : peer.address} ${peer.port} ${peer.localAddress}:${peer.localPort}`)
    this.#req.request(head.method, head.target, head.version, head.headers)
  }

  /** Who waited for an answer that then could not be shared has found nothing. */
  #remembered(tag: 'HitMiss' | 'HitPass', marker: Marker | null): void {
    if (marker === null) this.open.add(tag, '0 0.000000')
    else this.open.add(tag, `${marker.xid} ${((marker.expiresAt - this.#tx.engine.clock.now()) / 1000).toFixed(6)}`)
  }

  #call(hook: string): void {
    this.open.add('VCL_call', hook)
    this.#hook = hook
    this.open.observes()
  }

  #answered(next: RequestStep): void {
    // What the hook made of the answer, our own fields among it.
    if (next.step === 'transmit' && next.answer.headers !== null) {
      this.#resp.response('1.1', next.answer.status, next.answer.reason)
      this.#resp.fields(next.answer.headers)
    }
    const word = this.#hook === 'HASH' ? (next.step === 'synth' ? 'fail' : 'lookup') : wordOf(next)
    if (word !== null) this.#returned(word)
  }

  #returned(word: string): void {
    const { req } = this.#tx
    this.#hook = null
    this.open.quiet()
    this.#req.request(req.method, req.url, req.proto, this.#tx.client.forwardedHeaders)
    this.open.add('VCL_return', word)
  }

  /** URL and host, where they are the key; what a policy added may be somebody's secret. */
  #key(): void {
    const { key, req } = this.#tx
    const usual = `${keyPart(req.url)}${keyPart(req.host)}`
    if (key.startsWith(usual)) {
      this.open.add('Hash', urlText(req.url))
      this.open.add('Hash', req.host)
    }
    if (key !== usual) this.open.add('Hash', '***')
  }

  #error(failure: RequestFailure | OriginFailure): void {
    this.open.add(failure.code === 'policy' ? 'VCL_Error' : 'Error', `${failure.code}: ${failure.message}`)
  }
}

/** What a hook must have answered that led there; `null`: nothing yet. */
function wordOf(next: RequestStep): string | null {
  switch (next.step) {
    case 'key':
      return next.way === 'lookup' ? 'hash' : next.way
    case 'deliver':
    case 'transmit':
      return 'deliver'
    case 'pass':
    case 'pipe':
    case 'restart':
      return next.step
    case 'synth':
      return next.synth.failure === null ? 'synth' : 'fail'
    default:
      return null
  }
}
