/** What a trace shows of one request: who decided what, and what came of it. */
import type { Action } from '../../vcl-ts/actions.ts'
import { credentialedByDefault } from '../../vcl-ts/builtin/client-steps.ts'
import type { RequestHook } from '../../vcl-ts/legal.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import type { Decision, DecisionObserver } from '../../vcl-ts/run.ts'
import { FetchTransaction } from '../fetch/transaction.ts'
import type { OriginObserver } from '../origin/exchange.ts'
import type { TracedTransaction } from '../request/traced-transaction.ts'
import { parseVary } from '../wire/vary.ts'
import type { OriginSeen } from './fake-origin.ts'

/** One hook that ran. */
export interface TracedHook {
  readonly hook: RequestHook
  readonly action: Action
  /** Who decided: `recv`, `recv of policy shop`, `step reqCookie`, `default of recv`. */
  readonly by: string
}

export interface Trace {
  readonly decision: 'hit' | 'miss' | 'pass' | 'stale' | 'synth' | 'pipe' | 'error'
  /** As in log and `Cache-Status`. */
  readonly reason: Reason
  /** The log's detail, such as `stored ttl=60s (s-maxage)`, `not stored (SET_COOKIE)`, `purged 1`; may be empty. */
  readonly detail: string
  /** Whether what this request fetched was stored for others. */
  readonly stored: boolean
  /** Seconds of freshness that the answer had left when it was served or stored, negative when stale; `null` when neither. */
  readonly ttl: number | null
  /** What hooks noted with `log`, in order, those of its fetch included: `[['arm', 'canary']]`. The key of a plain text is `''`. */
  readonly notes: readonly (readonly [key: string, value: string])[]
  /** In the order in which they ran. Of `hash hit miss pass deliver` only those that a policy has. */
  readonly hooks: readonly TracedHook[]
  /** What the origin was asked for this request, retries included. */
  readonly origin: readonly OriginSeen[]
  /** The refresh that this request caused behind its answer. Both lists are empty when there was none. */
  readonly background: { readonly hooks: readonly TracedHook[]; readonly origin: readonly OriginSeen[] }
  /** The primary key, length-prefixed; `''` when none was made. */
  readonly key: string
  /** The scheme, and the values of the fields that `Vary` names. */
  readonly variant: string
  /** Whether the request speaks for somebody. */
  readonly class: 'anonymous' | 'credentialed'
}

interface Account {
  readonly hooks: TracedHook[]
  readonly origin: OriginSeen[]
  readonly background: { readonly hooks: TracedHook[]; readonly origin: OriginSeen[] }
}

/** Keeps an account of every transaction, by its id. */
export class Tracer {
  readonly #accounts = new Map<string, Account>()

  readonly observe: DecisionObserver = ({ hook, action, by }: Decision, context: object) => {
    const { req, bereq } = context as { readonly req?: { id: string }; readonly bereq?: { id: string; isBgfetch: boolean } | null }
    const account = this.#account(req?.id ?? bereq?.id ?? '')
    const behind = req === undefined && bereq?.isBgfetch === true
    ;(behind ? account.background : account).hooks.push({ hook, action, by })
  }

  readonly saw = (seen: OriginSeen, sender: OriginObserver): void => {
    if (!(sender instanceof FetchTransaction)) return
    const account = this.#account(sender.init.request.id)
    ;(sender.init.kind === 'refresh' ? account.background : account).origin.push(seen)
  }

  /** A transaction goes on under another id. */
  readonly renamed = (before: string, after: string): void => void this.#accounts.set(after, this.#account(before))

  /** Of a transaction whose answer has gone out. The lists go on growing while the origin is asked behind it. */
  trace(tx: TracedTransaction): Trace {
    const { hooks, origin, background } = this.#account(tx.id)
    const { result, served } = tx
    const decision = tx.outcome.toLowerCase() as Trace['decision']
    const stored = result?.stored === true && result.object.complete
    const vary = served === null ? null : parseVary(served.headers)
    return {
      decision,
      reason: tx.reason,
      detail: tx.story,
      stored,
      ttl: decision === 'hit' || decision === 'stale' ? (served?.left(tx.now) ?? null) : stored ? result.ttl : null,
      notes: tx.notes ?? [],
      hooks,
      origin,
      background,
      key: tx.key,
      variant: tx.variant(vary?.type === 'names' ? vary.names : []),
      class: (tx.req.credentialed ?? credentialedByDefault(tx.req, tx.engine.decisions)) ? 'credentialed' : 'anonymous',
    }
  }

  #account(id: string): Account {
    let account = this.#accounts.get(id)
    if (account === undefined) {
      account = { hooks: [], origin: [], background: { hooks: [], origin: [] } }
      this.#accounts.set(id, account)
    }
    return account
  }
}
