/** What the IANA HTTP Method Registry says of a method (RFC 9110 §9, §16.1). Methods are case-sensitive. */

export interface MethodFacts {
  /** Read-only by definition (RFC 9110 §9.2.1). */
  readonly safe: boolean
  /** May be sent again when the outcome of the first try is unknown (RFC 9110 §9.2.2). */
  readonly idempotent: boolean
  readonly registered: boolean
}

const SAFE: MethodFacts = Object.freeze({ safe: true, idempotent: true, registered: true })
const IDEMPOTENT: MethodFacts = Object.freeze({ safe: false, idempotent: true, registered: true })
const NEITHER: MethodFacts = Object.freeze({ safe: false, idempotent: false, registered: true })
const UNREGISTERED: MethodFacts = Object.freeze({ safe: false, idempotent: false, registered: false })

const FACTS: ReadonlyMap<string, MethodFacts> = new Map([
  ...each(SAFE, 'GET HEAD OPTIONS TRACE PRI PROPFIND QUERY REPORT SEARCH'),
  ...each(
    IDEMPOTENT,
    `PUT DELETE ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE
    ORDERPATCH PROPPATCH REBIND UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL`,
  ),
  ...each(NEITHER, 'POST PATCH CONNECT LOCK'),
])

/** Facts of a method; an unregistered one counts as neither safe nor idempotent. */
export function methodFacts(method: string): MethodFacts {
  return FACTS.get(method) ?? UNREGISTERED
}

function each(facts: MethodFacts, names: string): [string, MethodFacts][] {
  return names.split(/\s+/).map((name) => [name, facts])
}

/** Every registered method; `*` is reserved and no method. */
export const REGISTERED_METHODS: ReadonlySet<string> = new Set(FACTS.keys())
