/**
 * One request on the real machines with everything around them its own: a copy of what is stored, counters that nobody reads, a policy compiled
 * anew, and an origin that is asked only where that was wanted. What it leaves behind is what happened to it.
 */
import type { Backend } from '../../../vcl-ts/backend.ts'
import type { Body } from '../../body/body.ts'
import { Counters } from '../../counters.ts'
import { RequestFailure } from '../../errors.ts'
import { FetchTransaction } from '../../fetch/transaction.ts'
import { Unsliced } from '../../fetch/unsliced.ts'
import type { EventLog } from '../../log.ts'
import type { Claim } from '../../object/claim.ts'
import { FillBudget } from '../../object/fill-budget.ts'
import type { LocalTable } from '../../object/local-table.ts'
import { Directors } from '../../origin/directors/directors.ts'
import type { Origin, OriginCall, OriginObserver } from '../../origin/exchange.ts'
import type { Origins } from '../../origin/registry.ts'
import type { ActivePolicy } from '../../policy/active.ts'
import type { Engine, RequestDeps } from '../../request/engine.ts'
import type { Exchange, ResponseHead } from '../../request/exchange.ts'
import { runRequest } from '../../request/machine.ts'
import { MemoryExchange } from '../../request/memory-exchange.ts'
import { RECV } from '../../request/step.ts'
import { TracedTransaction } from '../../request/traced-transaction.ts'
import { Confirmations } from '../../request/vouched.ts'
import { Journal } from '../../vsl/journal.ts'
import { Xids } from '../../vsl/xids.ts'
import type { OriginAsked } from '../explanation.ts'
import { CopyTable } from './copy-table.ts'
import type { CheckedRequest } from './request.ts'
import { Watcher } from './watcher.ts'

export interface RehearsalParts {
  readonly engine: Engine
  readonly table: LocalTable
  readonly originsApart: (counters: Counters) => Origins
}

const CONDITIONS = ['if-none-match', 'if-modified-since', 'range', 'if-range'] as const
const NO_CALL: OriginCall = { cancel: () => {} }

export class Rehearsal {
  readonly tx: TracedTransaction
  readonly table: CopyTable
  readonly watcher: Watcher
  readonly exchange: HeadExchange
  /** Requests to the origin that were sent, or would be. */
  readonly asked: OriginAsked[] = []
  /** Fetches that came as far as that, in order. */
  readonly fetches: Set<FetchTransaction> = new Set()
  /** URLs of fragments that the page asks for first. */
  readonly included: string[] = []
  /** What the event log would say. */
  readonly events: string[] = []
  /** Objects that a purge would have taken; `null`: there was none. */
  purged: number | null = null
  readonly #origins: Origins
  readonly #fetches: boolean
  readonly #held = new Set<FetchTransaction>()
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers<void>()

  constructor(parts: RehearsalParts, policy: ActivePolicy, request: CheckedRequest) {
    const { engine } = parts
    const { settings, decisions, clock } = engine
    const counters = new Counters()
    this.watcher = new Watcher(policy.sources, policy.compiled.preset)
    const watched = policy.watched(this.watcher.observe, this.watcher.watch)
    this.#origins = parts.originsApart(counters)
    this.#fetches = request.fetch
    this.table = new CopyTable({
      real: parts.table,
      now: () => clock.now(),
      variants: settings.limits.variants,
      retention: decisions.retention,
      counters,
      moved: () => this.#check(),
    })
    const deps: RequestDeps = {
      ...engine,
      counters,
      log: this.#log(),
      table: this.table,
      fillBudget: new FillBudget(engine.fillBudget.limit),
      unsliced: new Unsliced(engine.unsliced),
      originOf: (backend) => this.#originOf(backend),
      recompressor: null,
      // Asking may begin to wait for other nodes, and what came of it would be stored.
      tier: null,
      confirmations: new Confirmations(),
      directors: new Directors({ origins: this.#origins, clock, log: this.#log() }),
      policy: () => watched,
      accessLog: null,
      invalidation: {
        purgeKey: (key, soft) => this.#purge(this.table.purge(key, soft).objects),
        purge: async (subject) => this.#purge(await engine.invalidation.count(subject)),
        unsafe: (changed) =>
          'key' in changed ? this.table.purge(changed.key, false) : this.table.purgeSubject({ by: 'tags', tags: changed.tags }, false),
      },
      xids: new Xids(),
      journal: new Journal(clock),
      idPrefix: 'explain-',
    }
    this.exchange = new HeadExchange(request.head, request.peer)
    this.tx = new RehearsedTransaction(deps, this.exchange, this.included)
  }

  /** Resolves when there is nothing more to see: an answer, or the point at which a real request would ask or wait. */
  async run(): Promise<void> {
    void this.exchange.answered.then(() => this.#check())
    runRequest(this.tx, RECV)
    await this.#done.promise
    this.exchange.leave()
    this.#origins.stop()
  }

  /** The request stopped where the origin would be asked for it. */
  get stopped(): boolean {
    for (const fetch of this.#held) if (fetch.init.kind !== 'refresh') return true
    return false
  }

  #check(): void {
    const rests = this.exchange.over || this.table.waitsFor !== null || this.stopped
    if (rests && this.table.claims.every((claim) => claim.released || this.#holds(claim))) this.#done.resolve()
  }

  #holds(claim: Claim): boolean {
    for (const fetch of this.#held) if (fetch.init.claim === claim) return true
    return false
  }

  #originOf(backend: Backend): Origin {
    const origin = this.#origins.of(backend)
    const { happy } = this.#origins.ledger(backend)
    return {
      name: origin.name,
      hostHeader: origin.hostHeader,
      send: (request, observer) => {
        const asks = this.#fetches && happy
        this.#note(observer, backend, asks)
        // What is sick fails at once, asked or not.
        if (asks || !happy) return origin.send(request, observer)
        this.#hold(observer)
        return NO_CALL
      },
      close: () => {},
    }
  }

  #note(sender: OriginObserver, backend: Backend, asked: boolean): void {
    if (!(sender instanceof FetchTransaction) || sender.bereq === null) return
    const { method, url, headers } = sender.bereq
    this.fetches.add(sender)
    this.asked.push({
      backend: backend.url,
      method,
      url,
      host: headers.getLower('host') ?? '',
      conditions: CONDITIONS.filter((name) => headers.hasLower(name)),
      background: sender.init.kind === 'refresh',
      asked,
    })
  }

  #hold(sender: OriginObserver): void {
    if (sender instanceof FetchTransaction) this.#held.add(sender)
    this.#check()
  }

  #purge(objects: number): { readonly objects: number; readonly complete: true } {
    this.purged = (this.purged ?? 0) + objects
    return { objects, complete: true }
  }

  #log(): EventLog {
    const note = ({ reason, detail, err }: Readonly<Record<string, unknown>>, message: string): void => {
      const said = [reason, detail, err instanceof Error ? err.message : undefined].filter(
        (text) => typeof text === 'string' && text !== '',
      )
      this.events.push(said.length === 0 ? message : `${message}: ${said.join(': ')}`)
    }
    return { info: note, warn: note, error: note }
  }
}

/** Its page asks for fragments, which are requests of their own: none of them is made. */
class RehearsedTransaction extends TracedTransaction {
  readonly #included: string[]

  constructor(deps: RequestDeps, exchange: Exchange, included: string[]) {
    super(deps, exchange)
    this.#included = included
  }

  override include({ head }: Exchange): void {
    const host = this.req.original.headers.getLower('host')
    this.#included.push(head.host === null || head.host === host ? head.target : `//${head.host}${head.target}`)
  }
}

/** Only the head of the answer is wanted: its body is left where it is. */
class HeadExchange extends MemoryExchange {
  override respond(head: ResponseHead, body: Body | null): void {
    super.respond(head, null)
    body?.read({ chunk: () => false, end: () => {} }).cancel(new RequestFailure('cancelled'))
  }

  override respondWhole(head: ResponseHead): void {
    super.respondWhole(head, null)
  }
}
