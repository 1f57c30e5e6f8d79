/** “Why is this not a hit?”: rehearses one request against the running server and tells what happened. */
import { isAnalyticsCookie } from '../../vcl-ts/builtin/analytics-cookies.ts'
import { credentialedByDefault } from '../../vcl-ts/builtin/client-steps.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { formatSize } from '../config/size.ts'
import { partsOf, placeOf } from '../object/key-text.ts'
import { manifestOf } from '../object/manifest.ts'
import type { CachedObject } from '../object/object.ts'
import type { Policies } from '../policy/policies.ts'
import { adviceFor } from './explain/advice.ts'
import { freshnessInputs, type Now } from './explain/freshness.ts'
import { Rehearsal, type RehearsalParts } from './explain/rehearsal.ts'
import { type CheckedRequest, checkRequest } from './explain/request.ts'
import { storedUnderKey } from './explain/stored.ts'
import { variantParts } from './explain/variants.ts'
import { fetchedBy, verdictOf } from './explain/verdict.ts'
import type { ExplainedClass, ExplainedKey, ExplainedRequest, ExplainRequest, Explanation } from './explanation.ts'

export { ExplainError } from './explain/request.ts'
export type { ExplainRequest, Explanation } from './explanation.ts'

/** An `Assembly` is one. */
export interface ExplainParts extends RehearsalParts {
  readonly policies: Pick<Policies, 'list'>
}

/**
 * Explains requests. Nothing is stored, counted, logged or claimed for it, and nobody waits; a policy's hooks run, and what they keep in
 * module variables they share with real requests. Rejects with an `ExplainError` for a request that nobody could send.
 */
export function createExplain(parts: ExplainParts): (request: ExplainRequest) => Promise<Explanation> {
  return async (given) => {
    const { engine } = parts
    const request = checkRequest(given, engine.isTrusted)
    const asSent = { method: request.head.method, url: request.head.target, host: request.head.host ?? '' }
    const policy = engine.policy()
    // As a real transaction: a policy that goes meanwhile ends after this.
    policy.enter()
    try {
      const rehearsal = new Rehearsal(parts, policy, request)
      await rehearsal.run()
      return told(parts, request, asSent, rehearsal)
    } finally {
      policy.leave()
    }
  }
}

function told(
  parts: ExplainParts,
  checked: CheckedRequest,
  asSent: Pick<ExplainedRequest, 'method' | 'url' | 'host'>,
  rehearsal: Rehearsal,
): Explanation {
  const { tx, table, watcher, exchange } = rehearsal
  const { clock, decisions: preset } = parts.engine
  const now: Now = { now: clock.now(), wall: clock.wall() }
  const peek = parts.table.peek(tx.key)
  const served = tx.served === null ? null : table.original(tx.served)
  const names = (peek.variants.find(({ whole }) => whole !== null && whole === served) ?? peek.variants.at(-1))?.names ?? []
  const variant = variantParts(names, tx.variant(names))
  const selected =
    peek.variants.find((each) => each.whole === served && served !== null) ??
    peek.variants.findLast((each) => each.variant === tx.variant(each.names))
  const judged = served ?? selected?.whole ?? selected?.filling ?? selected?.part ?? null
  const decisions = watcher.decisions()
  const verdict = verdictOf(rehearsal, decisions)
  const stored = storedUnderKey({
    peek,
    now: now.now,
    selects: (each) => each === selected,
    joins: (claim) => table.waitsFor !== null && claim.credentialed === tx.credentialed && claim.range === tx.range,
  })
  const who = classOf(rehearsal)
  const fetched = fetchedBy(rehearsal, now)
  const request: ExplainedRequest = {
    ...asSent,
    scheme: tx.req.scheme,
    ip: tx.client.ip,
    mayInvalidate: tx.client.mayInvalidate,
    fetch: checked.fetch,
  }
  return {
    request,
    preset: preset.preset,
    policy: parts.policies.list().find(({ state }) => state === 'active')?.name ?? null,
    verdict,
    key: tx.key === '' ? null : keyOf(tx.key),
    variant,
    class: who,
    decisions,
    freshness: judged === null ? null : freshnessInputs(judged, now, preset),
    stored,
    origin: rehearsal.asked,
    fetched,
    answer: exchange.status === 0 ? null : { status: exchange.status, reason: exchange.reason },
    hit: adviceFor({
      verdict,
      decisions,
      table: preset,
      request: { method: request.method, headers: tx.req.headers, fetch: checked.fetch },
      class: who,
      variant,
      stored,
      fetched,
      answered: answeredFields(rehearsal),
    }),
    notes: notesOf(rehearsal, isShared(parts) && verdict.kind === 'MISS'),
  }
}

function keyOf(text: string): ExplainedKey {
  const place = placeOf(text)
  const parts = partsOf(text)
  return { text, url: place?.url ?? null, host: place?.host ?? null, added: place === null ? parts : parts.slice(2) }
}

function classOf({ tx }: Rehearsal): ExplainedClass {
  const { req, engine } = tx
  const { decisions } = engine
  const credentialed = req.credentialed ?? credentialedByDefault(req, decisions)
  const authorization = req.headers.hasLower('authorization')
  const cookies = Array.from(req.cookies.keys(), (name) => ({ name, analytics: isAnalyticsCookie(name) }))
  const personal = cookies.filter(({ analytics }) => !analytics).map(({ name }) => name)
  const counts = decisions.cookie === 'class'
  const why = credentialed
    ? authorization
      ? 'It carries Authorization.'
      : personal.length > 0 && counts
        ? `It carries ${personal.join(', ')}, not on the analytics list.`
        : 'The policy set req.credentialed.'
    : cookies.length === 0 && !authorization
      ? 'It carries neither Cookie nor Authorization.'
      : !counts && !authorization
        ? `Preset ${decisions.preset} does not ask for cookies.`
        : personal.length === 0 && !authorization
          ? 'All its cookies are on the analytics list.'
          : 'The policy set req.credentialed.'
  return { name: credentialed ? 'credentialed' : 'anonymous', why, cookies, authorization }
}

function answeredFields({ fetches }: Rehearsal): HeaderMap | null {
  const object: CachedObject | null = [...fetches].at(-1)?.object ?? null
  return object === null ? null : object.headers
}

/** With workers the supervisor explains, whose own engine asks for nothing. */
function isShared({ engine }: ExplainParts): boolean {
  return engine.tier !== null || engine.settings.redis !== null
}

/** `behind`: something behind memory would be asked before the origin. */
function notesOf({ events, purged, included, tx, table }: Rehearsal, behind: boolean): readonly string[] {
  const notes = [...events]
  if (included.length > 0)
    notes.push(
      `The page is assembled: it asks for ${[...new Set(included)].join(', ')}. Each is a request of its own, to be explained by its URL.`,
    )
  if (tx.served?.sliced === true) {
    const { size, total } = manifestOf(tx.served)
    const slices = Math.ceil(total / size)
    notes.push(
      `It is stored in slices: ${slices} of ${formatSize(size)}, ${formatSize(total)} in all, each fetched when somebody reads it.`,
    )
  } else if (tx.slicing !== null && tx.served === null)
    notes.push(`It is asked for in slices of ${formatSize(tx.slicing.size)}; what is no larger is stored whole.`)
  if (purged !== null) notes.push(`The purge would take ${purged} object${purged === 1 ? '' : 's'}.`)
  if (behind && table.claims.length > 0)
    notes.push('Redis is not asked for an explanation: where another node has stored it there, a real request is a hit.')
  if (tx.reason === 'CLIENT_IGNORED') notes.push('The request asks for a new copy; the preset ignores that.')
  return notes
}
