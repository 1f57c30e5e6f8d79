/** Several policies behind one cache, each for its own hosts and paths. */
import { flatten, type Policy, PolicyError, validatePolicy } from './policy.ts'
import { parseRoute, type RoutePattern } from './route-pattern.ts'
import { RouteTable } from './route-table.ts'

/** What `routes` makes of its table, and `front` of the policies behind it. */
export interface Routing {
  readonly patterns: readonly string[]
  /** Each policy once, in the order of its first route. */
  readonly members: readonly Policy[]
  /** For each pattern the number of its policy among `members`. */
  readonly memberOf: readonly number[]
  /** Answers numbers of patterns. */
  readonly table: RouteTable
  /** Of `front`: what its members but the first are handed requests by; `null`: the table tells whose they are. */
  readonly names: readonly string[] | null
}

/**
 * Policies by host and path: `routes({ 'shop.example.com/api/*': api, 'shop.example.com/*': shop, '*.example.com/*': sites })`.
 *
 * A pattern is a host (`shop.example.com`, whatever its port), `*.example.com` for every host below, or nothing for any; and a path, or with
 * `/*` at its end all that is below: `/api/*` is for `/api/` and `/api/users`, not for `/api`. Case counts in the path, the query does not. The
 * most specific one is chosen: a host before `*.…`, the longer `*.…` before the shorter, any host last; then a whole path before `/*`, the
 * longer before the shorter. A request that no pattern is for goes on in the stack as if `routes` were not there.
 *
 * It is chosen in `recv`, where `routes` stands in the stack, by host and path as they are then, and again after a restart. All hooks of
 * that policy, those of the fetch included, then run for the transaction, and none of the others. Its first backend is where the request goes
 * unless a hook says otherwise; its `state` is made, its `builtin` and `esi` hold for its requests alone. `init` and `fini` of all run, once each.
 *
 * Throws a `PolicyError` for a pattern that is none, two that mean the same, and a member that switches `reqCacheControl`, which
 * is of the whole stack.
 */
export function routes(table: Readonly<Record<RoutePattern, Policy>>): Policy {
  const patterns = Object.keys(table) as RoutePattern[]
  if (patterns.length === 0) throw new PolicyError("routes() needs at least one route, such as routes({ 'shop.example.com/*': shop })")
  const found = new RouteTable()
  const members: Policy[] = []
  const memberOf = patterns.map((pattern, number) => {
    const route = parseRoute(pattern)
    if (typeof route === 'string') throw new PolicyError(`the route ${JSON.stringify(pattern)} cannot be: ${route}`)
    const same = found.add(route, number)
    if (same !== number)
      throw new PolicyError(`the routes ${JSON.stringify(patterns[same])} and ${JSON.stringify(pattern)} are the same; leave one out`)
    const policy = table[pattern]
    checkMember(`the route ${JSON.stringify(pattern)}`, policy)
    if (!members.includes(policy)) members.push(policy)
    return members.indexOf(policy)
  })
  const routing: Routing = Object.freeze({ patterns, members: Object.freeze(members), memberOf, table: found, names: null })
  return Object.freeze({ routes: routing })
}

/** `place`: what it is the policy of. */
export function checkMember(place: string, policy: unknown): asserts policy is Policy {
  try {
    validatePolicy(policy)
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    throw new PolicyError(`${place} has no policy that can be used: ${fault}`, { cause })
  }
  if (flatten([policy]).some(({ builtin }) => builtin?.reqCacheControl !== undefined))
    throw new PolicyError(
      `the policy of ${place} changes the step reqCacheControl, which holds for all requests; say it in a policy beside routes(): stack(routes({ … }), { builtin: { reqCacheControl: false } })`,
    )
}
