/** A request goes from the policy in front to one of those behind it: what `recv` says, and where it is remembered. */
import { type Hash, verbs } from './actions.ts'
import { nearest } from './nearest.ts'

/** What `recv` answers once the request is another policy's. */
const HANDED: Hash = Object.freeze({ ...verbs.hash() })

/** Who takes a request that `recv` hands over. */
export interface Taker {
  /** The policies behind, by name. */
  readonly names: readonly string[]
  /** Makes the transaction that of the policy of this name. */
  take(context: object, name: string): void
}

const TAKER = Symbol('taker')

interface HandingContext {
  readonly state: object
  readonly req: { readonly restarts: number }
}

/**
 * Hands the request to a policy behind `front(…)`, by its name there: `return handOver(context, 'shop')` in `recv`. Its `recv` runs next, from
 * its beginning, with the request as it is; all further hooks of the transaction, restarts included, are its, too.
 *
 * Throws a `TypeError`, by which the request fails, where Varnish refuses `return (vcl(…))`: outside of the `recv` of a policy in front, in a
 * policy that was handed the request itself, and after a restart. So it does for a name that nobody has.
 */
export function handOver(context: HandingContext, name: string): Hash {
  const taker = takerIn(context.state)
  if (taker === undefined)
    throw new TypeError(
      `the request cannot be handed to ${name}: only recv of a policy in front may do that; make it with front(policy, { ${name} })`,
    )
  if (taker === null) throw new TypeError(`the request cannot be handed to ${name}: it has been handed over already`)
  const { restarts } = context.req
  if (restarts > 0) throw new TypeError(`the request cannot be handed to ${name} after a restart; do it while req.restarts is 0`)
  if (!taker.names.includes(name)) {
    const meant = nearest(name, taker.names)
    throw new TypeError(
      `there is no policy ${name} to hand the request to; ${meant === null ? `there are ${taker.names.join(', ')}` : `did you mean ${meant}?`}`,
    )
  }
  taker.take(context, name)
  return HANDED
}

export function isHandOver(answer: unknown): boolean {
  return answer === HANDED
}

/** From now on `recv` may hand the request over; with `null` it has done so. */
export function offer(state: object, taker: Taker | null): void {
  ;(state as Record<symbol, unknown>)[TAKER] = taker
}

function takerIn(state: object): Taker | null | undefined {
  return (state as Record<symbol, Taker | null | undefined>)[TAKER]
}
