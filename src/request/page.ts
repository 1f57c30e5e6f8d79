/** An answer that is a page to be assembled (Edge Side Includes): its head, and the requests for what it includes. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { C } from '../counters.ts'
import { type Reference, resolve, type Target } from '../esi/address.ts'
import { AssembledBody } from '../esi/assembly.ts'
import { type FragmentAnswer, type FragmentRequest, type Fragments, PAGE_LIMITS, PageAllowance } from '../esi/fragments.ts'
import { planOf } from '../esi/plan.ts'
import { StoredBody } from '../object/stored-body.ts'
import { normaliseHost } from '../wire/forwarded.ts'
import type { Answer } from './answer.ts'
import { FragmentExchange } from './fragment.ts'
import type { RequestTransaction } from './transaction.ts'

/** What is true of the page alone, and not of what it becomes; no range of it is sent. */
const TEMPLATE_FIELDS = /^(?:etag|last-modified|accept-ranges|content-md5|digest|content-digest|repr-digest):.*\r\n/gim

/** Not a fragment's: what belongs to the body, the conditions or the range of the page's own request. */
const PAGE_ONLY: readonly string[] = [
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range', 'accept-encoding', 'expect'],
  ...['content-length', 'transfer-encoding', 'content-type', 'content-encoding', 'content-language', 'content-range', 'content-location'],
]
/** Of an address, in the log. */
const LONGEST_TOLD = 200
const CREDENTIALS: readonly string[] = ['cookie', 'authorization', 'proxy-authorization']

/** A page's own head, of which that of the assembled page is made. */
export function withoutTemplateFields(fieldLines: string): string {
  return fieldLines.replace(TEMPLATE_FIELDS, '')
}

/** Of an answer whose object says that it is a page: from now on its body is the assembled one, unless there is nothing to assemble. */
export function assemblePage(tx: RequestTransaction, answer: Answer): void {
  if (!tx.req.esi || answer.status === 204 || answer.status === 304) return
  const { anyText } = tx.policy.compiled.esiIn(tx.context?.state ?? null)
  const { body } = answer
  const { engine } = tx
  const { counters } = engine
  const count = (parsed: { readonly errors: number; readonly warnings: number }): void => {
    counters.add(C.esi_errors, parsed.errors)
    counters.add(C.esi_warnings, parsed.warnings)
  }
  let template: AssembledBody['parts']['template'] | null = body
  if (body instanceof StoredBody) {
    const { plan, made } = planOf(body, () => body.segments, anyText)
    if (made) count(plan)
    if (plan.plain) return
    template = plan
  }
  answer.assembled = true
  answer.contentLength = null
  if (template === null || tx.req.method === 'HEAD') return
  tx.allowance ??= new PageAllowance(PAGE_LIMITS)
  answer.body = new AssembledBody({
    template,
    anyText,
    fragments: new PageFragments(tx),
    allowance: tx.allowance,
    deepest: tx.req.esiLevel >= engine.settings.limits.esiDepth,
    top: tx.req.esiLevel === 0,
    clock: engine.clock,
    parsed: count,
  })
}

class PageFragments implements Fragments {
  readonly #tx: RequestTransaction
  /** The first that fails is told in the page's record. */
  #failed = false
  /** Of a fragment of the page's own host. */
  #ownHeaders: HeaderMap | null = null

  constructor(tx: RequestTransaction) {
    this.#tx = tx
  }

  /** `''` when a request of HTTP/1.0 names none. */
  get #ownHost(): string {
    return this.#tx.req.original.headers.getLower('host') ?? ''
  }

  request(reference: Reference, answered: (answer: FragmentAnswer) => void): FragmentRequest | null {
    const tx = this.#tx
    const found = resolve(reference, tx.req.original.url)
    if (found === null || found.target.length > tx.engine.settings.limits.requestLine) return null
    const host = this.#hostOf(found)
    if (host === null) return null
    tx.engine.counters.add(C.esi_req)
    const own = host === this.#ownHost
    const head = { method: 'GET', target: found.target, host: own ? null : host, version: tx.req.proto, headers: this.#headers(own) }
    const exchange = new FragmentExchange(head, tx.exchange.peer, answered)
    tx.include(exchange)
    return exchange
  }

  failed(written: string, detail: string): void {
    const tx = this.#tx
    tx.engine.counters.add(C.esi_errors)
    if (this.#failed) return
    this.#failed = true
    const told = `fragment ${written.slice(0, LONGEST_TOLD)}: ${detail}`
    tx.story = tx.story === '' ? told : `${tx.story}; ${told}`
  }

  /** The page's own, or one that the policy allows; `null`: no request may go there. */
  #hostOf({ authority, scheme }: Target): string | null {
    const { req, policy, context } = this.#tx
    if (authority === null) return this.#ownHost
    const host = normaliseHost(authority, scheme ?? req.scheme)
    if (host === this.#ownHost && (scheme === null || scheme === req.scheme)) return host
    return policy.compiled.esiIn(context?.state ?? null).hosts.has(host) ? host : null
  }

  #headers(own: boolean): HeaderMap {
    if (this.#ownHeaders === null) {
      this.#ownHeaders = this.#tx.req.original.headers.clone()
      for (const name of PAGE_ONLY) this.#ownHeaders.removeRaw(name)
    }
    const headers = this.#ownHeaders.clone()
    if (!own) for (const name of CREDENTIALS) headers.removeRaw(name)
    return headers
  }
}
