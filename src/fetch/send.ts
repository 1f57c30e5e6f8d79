/** Hands the request to the origin connection of the backend that it names, or that its director chooses. */

import type { Backend } from '../../vcl-ts/backend.ts'
import { type BackendChoice, backendsOf } from '../../vcl-ts/directors/director.ts'
import type { ReplayBody } from '../body/replay.ts'
import { C } from '../counters.ts'
import { FAULTS, RequestFailure } from '../errors.ts'
import type { NoChoice } from '../origin/directors/directors.ts'
import { type OriginDeadlines, OriginFailure, type OriginRequest } from '../origin/exchange.ts'
import type { ClientEnds } from '../origin/proxy-header.ts'
import type { BackendRequest } from '../policy/backend-request.ts'
import { connectionOptions } from '../wire/hop-by-hop.ts'
import { InvalidHead, serializeFields } from '../wire/message-head.ts'
import { methodFacts } from '../wire/methods.ts'
import { choiceContext } from './choice.ts'
import type { FetchInit, FetchRequest } from './start.ts'
import { type FetchStep, failWith, WAIT } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

const ANNOUNCES_EMPTY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

export function send(fetch: FetchTransaction): FetchStep {
  const { bereq, deps, init } = fetch
  if (bereq === null) return failWith(new RequestFailure('internal'))
  const { backend: choice } = bereq
  if (choice === null) return failWith(new RequestFailure('no_backend'))
  fetch.chosen = null
  fetch.backend = null
  const backend = isPlain(choice) ? choice : choose(fetch, choice)
  if (typeof backend === 'string') return refused(fetch, choice, backend)
  fetch.backend = backend
  setHost(fetch, bereq, backend)
  let fieldLines: string
  try {
    fieldLines = serializeFields(bereq.headers)
  } catch (error) {
    if (!(error instanceof InvalidHead)) throw error
    deps.log.error({ fetch: init.request.id, detail: error.message }, 'the request to the origin was refused')
    return failWith(new RequestFailure('request_refused'))
  }
  const body = !bereq.bodyDropped && (init.kind === 'pass' || init.request.ownMethod) ? init.request.body : null
  if (body !== null && !body.replayable)
    return failWith(new RequestFailure('too_many_retries', 'the request’s body is too large to be sent again'))
  fetch.requestTime = deps.clock.now()
  if (fetch.log !== null) fetch.log.sends(bereq)
  deps.counters.add(init.kind === 'refresh' ? C.s_bgfetch : C.s_fetch)
  fetch.call = null
  const deadlines = fetch.chosen === null ? ownDeadlines(bereq) : deadlinesOf(bereq, backend, deps.settings.deadlines)
  fetch.call = deps.originOf(backend).send(new Sending(bereq, fieldLines, body, init, deadlines), fetch)
  if (fetch.log !== null) fetch.log.sent()
  return WAIT
}

/** A backend of which nothing need be asked before it is. One that was written by hand may lack both. */
function isPlain(choice: BackendChoice): choice is Backend {
  return choice.type === 'backend' && choice.probe == null && choice.maxRequests == null
}

function choose(fetch: FetchTransaction, choice: BackendChoice): Backend | NoChoice {
  const { directors } = fetch.deps
  if (choice.type === 'backend') return directors.refusal(choice) ?? choice
  // Another member was found when the first one had failed.
  const chosen = fetch.next ?? directors.choose(choice, choiceContext(fetch))
  fetch.next = null
  if (typeof chosen === 'string') return chosen
  fetch.chosen = chosen
  return chosen.backend
}

/** Nobody is asked. It is counted as if somebody had been, where the backend is known. */
function refused({ deps }: FetchTransaction, choice: BackendChoice, why: NoChoice): FetchStep {
  if (why === 'no_backend') return failWith(new RequestFailure('no_backend'))
  const { counters } = deps
  counters.add(why === 'unhealthy' ? C.backend_unhealthy : C.backend_busy)
  counters.add(C.fetch_failed)
  counters.reason('fetch_fail', why)
  for (const backend of backendsOf(choice)) deps.directors.countRefusal(backend, why)
  const failure = new OriginFailure(why, choice.type === 'backend' ? FAULTS[why].text : 'no member of the director can be had', true)
  return failWith(failure)
}

/** The backend's own `Host`, and the request's again behind one that had its own. */
function setHost(fetch: FetchTransaction, { headers }: BackendRequest, { hostHeader }: Backend): void {
  const { hostSet } = fetch
  if (hostSet !== null && headers.getLower('host') === hostSet.to) headers.set('Host', hostSet.from)
  fetch.hostSet = null
  if (hostHeader === null) return
  fetch.hostSet = { from: headers.getLower('host') ?? '', to: hostHeader }
  headers.set('Host', hostHeader)
}

function ownDeadlines({ connectTimeout, firstByteTimeout, betweenBytesTimeout }: BackendRequest): OriginDeadlines {
  return { connect: connectTimeout, firstByte: firstByteTimeout, betweenBytes: betweenBytesTimeout }
}

/** Behind a director the backend was not known when the request was made: its own deadlines count where no hook set others. */
function deadlinesOf(bereq: BackendRequest, backend: Backend, options: OriginDeadlines): OriginDeadlines {
  const own = ownDeadlines(bereq)
  const choose = (name: keyof OriginDeadlines, its: number | null): number => (own[name] === options[name] ? (its ?? own[name]) : own[name])
  return {
    connect: choose('connect', backend.connectTimeout),
    firstByte: choose('firstByte', backend.firstByteTimeout),
    betweenBytes: choose('betweenBytes', backend.betweenBytesTimeout),
  }
}

/** A request on its way, of one shape for all. */
class Sending implements OriginRequest {
  readonly method: string
  readonly target: string
  readonly fieldLines: string
  readonly body: ReplayBody | null
  readonly announceEmpty: boolean
  readonly upgrade: string | null
  /** A hook asked for it by `Connection: close`. */
  readonly closes: boolean
  readonly deadlines: OriginDeadlines
  /** Whose client is told of to those who want to know; `null`: nobody's. */
  readonly #asked: FetchRequest | null

  constructor(
    bereq: BackendRequest,
    fieldLines: string,
    body: ReplayBody | null,
    { kind, request }: FetchInit,
    deadlines: OriginDeadlines,
  ) {
    this.method = bereq.method
    this.target = bereq.url
    this.fieldLines = fieldLines
    this.body = body
    this.announceEmpty = ANNOUNCES_EMPTY.has(bereq.method)
    this.upgrade = request.upgrade
    this.closes = connectionOptions(bereq.headers).close
    this.#asked = kind === 'refresh' ? null : request
    this.deadlines = deadlines
  }

  get client(): (() => ClientEnds) | null {
    const asked = this.#asked
    return asked === null ? null : () => asked.client()
  }

  /** Asked when a connection has died: by then more of the body may have gone than is kept. */
  get replayable(): boolean {
    return methodFacts(this.method).idempotent && (this.body === null || this.body.replayable)
  }
}
