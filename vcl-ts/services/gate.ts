/** What the services that ask who somebody is have in common, as policies: what the origin hears of it, and who may share what it answers. */
import type { Synth } from '../actions.ts'
import type { Req } from '../context.ts'
import type { HookContext } from '../hook-context.ts'
import type { Maybe } from '../maybe.ts'

export interface GateOptions {
  /** Which requests it is for; `true`: this one. Default: all. */
  readonly when?: (context: HookContext<'recv'>) => boolean
  /** Whether the origin gets what the client proved itself with. Default `true`. */
  readonly forward?: boolean
  /**
   * Whether all who are let in may share what the origin answers, as anonymous clients do elsewhere. Only for what the origin answers alike for
   * all of them: it has to be told nothing of who asks, so that `forward` must be `false`, and no field may tell it. Default `false`: the request
   * is credentialed, and what it fetches is shared only if the origin says so.
   */
  readonly shared?: boolean
}

/** How one service asks, and what follows. */
export interface Gate<Proof, Result> {
  /** Fields that tell the origin who asks. */
  readonly fields: readonly string[]
  /** What this request proved before it was begun again; `null`: nothing. */
  readonly proven: (req: Req) => Proof | null
  readonly check: (context: HookContext<'recv'>) => Maybe<Result>
  readonly admit: (req: Req, proof: Proof) => undefined
  /** Admits the request, or answers it. */
  readonly decide: (req: Req, result: Result) => Synth | undefined
}

/** The hook `recv` of such a policy. */
export function gateHook<Proof, Result>(
  { when }: GateOptions,
  { fields, proven, check, admit, decide }: Gate<Proof, Result>,
): (context: HookContext<'recv'>) => Maybe<Synth | undefined> {
  return (context) => {
    const { req } = context
    dropClaimed(req, fields)
    if (when !== undefined && !when(context)) return undefined
    // After a restart what it was proven with may be gone, which was right.
    const proof = req.restarts > 0 ? proven(req) : null
    if (proof !== null) return admit(req, proof)
    const result = check(context)
    return result instanceof Promise ? result.then((late) => decide(req, late)) : decide(req, result)
  }
}

/** Throws a `TypeError` where everybody would get what was made for one. `told`: fields that tell the origin who asks. */
export function checkGate(kind: string, { forward = true, shared = false }: GateOptions, told: readonly string[]): void {
  if (!shared) return
  if (forward) throw new TypeError(`${kind}.policy: what is shared must not depend on who asks; with shared: true give forward: false`)
  if (told.length > 0)
    throw new TypeError(
      `${kind}.policy: what is shared must not depend on who asks; with shared: true no field may tell it (${told.join(', ')})`,
    )
}

/** Marks a request that was let in. */
export function letIn(req: Req, { shared = false }: GateOptions): void {
  if (!shared) req.credentialed = true
}

/**
 * Removes what a client says of itself in fields that are ours to set; also where it writes `_` for `-`, which is the same to what runs behind
 * CGI, WSGI and the like (RFC 3875 §4.1.18).
 */
function dropClaimed(req: Req, fields: readonly string[]): void {
  if (fields.length === 0) return
  const ours = new Set(fields.map(folded))
  const claimed = Array.from(req.headers, ([name]) => name).filter((name) => ours.has(folded(name)))
  for (const name of claimed) req.headers.delete(name)
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

/** A value of a field made of text from elsewhere: as it is where that can stand in a field, else percent-encoded (RFC 3986 §2.1). */
export function fieldValue(text: string): string {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
}

/** A quoted-string (RFC 9110 §5.6.4); what cannot stand in one becomes a blank. */
export function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, ' ').replace(/["\\]/g, '\\$&')}"`
}
