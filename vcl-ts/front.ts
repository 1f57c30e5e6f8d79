/** A policy that sees every request first, and may hand it to one of others. */
import { type Policy, PolicyError } from './policy.ts'
import { RouteTable } from './route-table.ts'
import { checkMember } from './routes.ts'

/**
 * A policy in front of others: `front(policy, { shop, blog })`. Every request begins with `policy`; where its `recv` answers
 * `handOver(context, 'shop')`, `shop` has the request from then on: its `recv` runs from the beginning, and all hooks of the transaction are
 * its, those of the fetch and of restarts included, and none of the first policy. The request's backend becomes the first of `shop` if nobody
 * chose another; its `state` is made then, its `builtin` and `esi` hold. `init` and `fini` of all run, once each. A fragment of a page begins
 * with `policy` again.
 *
 * Names of backends must differ among them all. Throws a `PolicyError` for no policy behind, for one that is a `front` itself, and for one that
 * switches `reqCacheControl`, which is of the whole stack.
 */
export function front(policy: Policy, behind: Readonly<Record<string, Policy>>): Policy {
  const names = Object.keys(behind)
  if (names.length === 0) throw new PolicyError('front() needs at least one policy to hand requests to: front(policy, { shop })')
  checkMember('front()', policy)
  const members = [policy, ...Object.values(behind)]
  for (const [at, name] of names.entries()) {
    checkMember(`the name ${JSON.stringify(name)} of front()`, members[at + 1])
    if (hasFront(members[at + 1])) throw new PolicyError(`the policy ${name} is a front() itself; a request is handed over once only`)
  }
  const table = new RouteTable()
  return Object.freeze({ routes: Object.freeze({ patterns: [], members: Object.freeze(members), memberOf: [], table, names }) })
}

function hasFront(policy: Policy | undefined): boolean {
  if (policy === undefined) return false
  if (policy.stack !== undefined) return policy.stack.some(hasFront)
  return policy.routes !== undefined && (policy.routes.names !== null || policy.routes.members.some(hasFront))
}
