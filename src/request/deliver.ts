/** Every answer passes here on its way out: our own fields are added, and `deliver` may change the head. */
import { type Action, failure } from '../../vcl-ts/actions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { FAULTS } from '../errors.ts'
import type { CachedObject } from '../object/object.ts'
import { ClientResponse } from '../policy/client-response.ts'
import { ObjectView } from '../policy/object-view.ts'
import { cacheStatus } from '../wire/cache-status.ts'
import { type ProxyError, proxyStatus } from '../wire/proxy-status.ts'
import { RepeatedText } from '../wire/repeated-text.ts'
import type { Answer } from './answer.ts'
import { decodeAnswer, filterAnswer, takesAsStored } from './delivery-stages.ts'
import { runClientHook, sharedAction } from './hooks.ts'
import { makePlain } from './included.ts'
import { assemblePage } from './page.ts'
import { deliverSliced } from './sliced.ts'
import { type NextRequestStep, type RequestStep, transmitStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export function deliver(tx: RequestTransaction, answer: Answer): NextRequestStep {
  const { object } = answer
  return object?.sliced === true ? deliverSliced(tx, answer, object, sendOn) : sendOn(tx, answer)
}

function sendOn(tx: RequestTransaction, answer: Answer): NextRequestStep {
  const { object } = answer
  const coding = object === null ? null : object.coding
  // A page that was compressed before a policy had it assembled is read decoded.
  if (coding !== null && (object?.esi === true || !takesAsStored(tx, coding)))
    decodeAnswer(tx, answer, answer.headers ?? storedHeaders(tx, answer), coding)
  if (tx.req.esiLevel > 0) makePlain(tx, answer, () => answer.headers ?? storedHeaders(tx, answer))
  if (tx.policy.compiled.hooks.deliver === null) {
    if (object?.esi === true) assemblePage(tx, answer)
    return transmitStep(answer)
  }
  const headers = answer.headers ?? storedHeaders(tx, answer)
  addOwnFields(tx, answer, headers)
  answer.headers = headers
  const context = tx.hooks()
  const resp = new ClientResponse(answer.status, answer.reason, headers, answer.object !== null && !answer.object.complete, answer.why)
  context.resp = resp
  if (answer.object !== null) context.obj = new ObjectView(answer.object, tx.now, isPrivate(answer))
  tx.decorated = true
  return runClientHook(tx, 'deliver', (action) => after(tx, answer, resp, action))
}

function after(tx: RequestTransaction, answer: Answer, resp: ClientResponse, action: Action): RequestStep {
  const { filterList: filters } = resp
  if (action.type === 'deliver') {
    answer.status = resp.status
    if (answer.object?.esi === true) assemblePage(tx, answer)
  }
  const fault = action.type === 'deliver' && filters !== null ? filterAnswer(tx, answer, resp, filters) : null
  if (action.type === 'deliver' && fault === null) {
    answer.status = resp.status
    answer.reason = resp.reason
    return transmitStep(answer)
  }
  tx.decorated = false
  tx.fetch?.leave()
  tx.releaseClaims()
  return sharedAction(tx, 'deliver', fault === null ? action : failure(fault, null))
}

/** Passed, or what could not be shared. */
function isPrivate({ outcome, stored }: Answer): boolean {
  return outcome === 'PASS' || (outcome === 'MISS' && !stored)
}

/** What the tier behind memory is called in Cache-Status. */
const TIER = 'redis'

/** A copy of what a stored object sends. */
function storedHeaders(tx: RequestTransaction, answer: Answer): HeaderMap {
  const object = answer.object as NonNullable<Answer['object']>
  const headers = object.headers.clone()
  headers.removeRaw('age')
  removeAll(headers, object.withheld)
  removeAll(headers, tx.engine.decisions.targetedRemoved)
  return headers
}

function removeAll(headers: HeaderMap, names: readonly string[]): void {
  for (let i = 0; i < names.length; i++) headers.removeRaw(names[i] as string)
}

/** Age, Via, Cache-Status, X-Cache and Proxy-Status, on a head of its own. */
export function addOwnFields(tx: RequestTransaction, answer: Answer, headers: HeaderMap): void {
  if (answer.aged && answer.object !== null) headers.setRaw('Age', 'age', String(Math.floor(answer.object.age(tx.now))))
  if (tx.engine.decisions.xVarnish) headers.appendRaw('X-Varnish', 'x-varnish', xVarnish(tx, answer))
  headers.appendRaw('Via', 'via', `1.1 ${tx.engine.settings.name}`)
  if (answer.outcome !== 'SYNTH' && answer.outcome !== 'ERROR') headers.appendRaw('X-Cache', 'x-cache', answer.outcome)
  headers.appendRaw('Cache-Status', 'cache-status', statusOf(tx, answer))
  const problem = proxyStatusOf(tx, answer)
  if (problem !== null) headers.appendRaw('Proxy-Status', 'proxy-status', problem)
}

/** What plain hits under this name say of themselves. */
export function hitLines(name: string): RepeatedText {
  return new RepeatedText(
    (age, ttl, why) => `Age: ${age}\r\nVia: 1.1 ${name}\r\nX-Cache: HIT\r\nCache-Status: ${hitStatus(name, ttl, why)}\r\n`,
  )
}

/** The same as text, for a head that is sent as it is kept. */
export function ownFieldLines(tx: RequestTransaction, answer: Answer): string {
  const lines = withoutIds(tx, answer)
  return tx.engine.decisions.xVarnish ? `X-Varnish: ${xVarnish(tx, answer)}\r\n${lines}` : lines
}

/** Of the transaction; on a hit behind it that of the fetch that stored the object, where it is known. */
function xVarnish(tx: RequestTransaction, { outcome, object }: Answer): string {
  const hit = object !== null && object.xid > 0 && (outcome === 'HIT' || outcome === 'STALE')
  return hit ? `${tx.xid} ${object.xid}` : String(tx.xid)
}

function withoutIds(tx: RequestTransaction, answer: Answer): string {
  if (isPlainHit(answer) && answer.aged && answer.failure === null && tx.fromTier === null)
    return tx.engine.hitLines.of(Math.floor(answer.object.age(tx.now)), Math.ceil(answer.object.left(tx.now)), answer.why)
  const age = answer.aged && answer.object !== null ? `Age: ${Math.floor(answer.object.age(tx.now))}\r\n` : ''
  const cache = answer.outcome === 'SYNTH' || answer.outcome === 'ERROR' ? '' : `X-Cache: ${answer.outcome}\r\n`
  const problem = proxyStatusOf(tx, answer)
  return `${age}${tx.engine.viaLine}${cache}Cache-Status: ${statusOf(tx, answer)}\r\n${problem === null ? '' : `Proxy-Status: ${problem}\r\n`}`
}

/** An answer of what was stored before, as it was. */
function isPlainHit(answer: Answer): answer is Answer & { readonly object: CachedObject } {
  return answer.outcome === 'HIT' && !answer.collapsed && answer.object !== null
}

function hitStatus(name: string, ttl: number, why: string): string {
  return `${name}; hit; ttl=${ttl}; detail=${why}`
}

function statusOf(tx: RequestTransaction, answer: Answer): string {
  const { name } = tx.engine.settings
  const { object } = answer
  const tier = tx.fromTier !== null && object === tx.fromTier ? TIER : null
  if (isPlainHit(answer) && tier === null) return hitStatus(name, Math.ceil(answer.object.left(tx.now)), answer.why)
  return cacheStatus(name, {
    hit: (answer.outcome === 'STALE' || answer.outcome === 'HIT') && answer.forward === null,
    fwd: answer.forward,
    fwdStatus: answer.forwardStatus === 0 ? null : answer.forwardStatus,
    stored: answer.stored,
    collapsed: answer.collapsed,
    ttl: object !== null && (answer.aged || answer.stored) ? Math.ceil(object.left(tx.now)) : null,
    detail: answer.why,
    tier: answer.forward === null ? tier : null,
  })
}

function proxyStatusOf(tx: RequestTransaction, answer: Answer): string | null {
  if (answer.failure === null) return null
  const fault = FAULTS[answer.failure.code]
  return proxyStatus(tx.engine.settings.name, fault.proxyStatus as ProxyError, fault.text)
}
