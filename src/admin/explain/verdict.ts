/** What became of a rehearsed request, in one word, a reason and a sentence. */
import { basename } from 'node:path'
import type { ActionType } from '../../../vcl-ts/actions.ts'
import { REASONS, type Reason } from '../../../vcl-ts/reason.ts'
import type { FetchTransaction } from '../../fetch/transaction.ts'
import type { ExplainedDecision, Fetched, SourcePlace, Verdict, VerdictKind } from '../explanation.ts'
import { compressionText } from './compression-text.ts'
import { freshnessInputs, type Now } from './freshness.ts'
import type { Rehearsal } from './rehearsal.ts'

export function verdictOf(rehearsal: Rehearsal, decisions: readonly ExplainedDecision[]): Verdict {
  const kind = kindOf(rehearsal)
  const reason = reasonOf(rehearsal, kind)
  const by = deciderOf(kind, decisions)
  return { kind, reason, text: textOf(rehearsal, kind, reason, by), at: by?.at ?? null }
}

/** What the origin said, and whether a real request would have kept it; `null` when it was not asked. */
export function fetchedBy(rehearsal: Rehearsal, now: Now): Fetched | null {
  const fetch = [...rehearsal.fetches].at(-1)
  if (fetch === undefined || !rehearsal.asked.some(({ asked }) => asked)) return null
  const { tx, table } = rehearsal
  const background = fetch.init.kind === 'refresh'
  const { object } = fetch
  const beresp = fetch.context?.beresp ?? null
  if (object === null || beresp === null) {
    const text = tx.story === '' || background ? 'The fetch failed.' : `The fetch failed: ${tx.story}.`
    return { status: 0, stored: false, why: 'ERROR', text, background, freshness: null }
  }
  const own = background ? null : tx.result
  const stored = own?.stored ?? table.kept.has(object)
  const unkept: Reason = beresp.why === 'STORED' ? 'POLICY' : beresp.why
  const why: Reason = stored ? 'STORED' : background ? unkept : (own?.why ?? 'ERROR')
  return {
    status: own?.originStatus ?? (beresp.was304 ? 304 : beresp.status),
    stored,
    why,
    text: stored
      ? `Stored for ${Math.ceil(object.ttl)} s (${object.lifetimeSource}).${compressionText(fetch.compression)}`
      : `Not stored: ${REASONS[why]}.`,
    background,
    freshness: freshnessInputs(object, now, tx.engine.decisions, !stored),
  }
}

/** `file:line` with the file's name alone. */
export function shortPlace({ file, line }: SourcePlace): string {
  return `${basename(file)}:${line}`
}

/** The fetch that the request itself began, as far as the origin. */
export function ownFetch(rehearsal: Rehearsal): FetchTransaction | null {
  for (const fetch of rehearsal.fetches) if (fetch.init.kind !== 'refresh') return fetch
  return null
}

function kindOf(rehearsal: Rehearsal): VerdictKind {
  const { tx, table, exchange } = rehearsal
  if (table.waitsFor !== null && exchange.status === 0) return 'WAIT'
  const fetch = ownFetch(rehearsal)
  if (fetch !== null && (rehearsal.stopped || tx.outcome === 'MISS' || tx.outcome === 'PASS' || tx.outcome === 'PIPE')) {
    if (tx.fetchKind === 'pipe') return 'PIPE'
    if (fetch.init.refusal !== null) return fetch.init.refusal === 'hitForMiss' ? 'HIT_FOR_MISS' : 'HIT_FOR_PASS'
    return tx.fetchKind === 'pass' ? 'PASS' : 'MISS'
  }
  if (tx.outcome === 'STALE') return tx.reason === 'GRACE' ? 'GRACE' : 'STALE'
  return tx.outcome
}

function reasonOf({ tx }: Rehearsal, kind: VerdictKind): Reason {
  switch (kind) {
    case 'WAIT':
      return 'COLLAPSED'
    case 'MISS':
    case 'PASS':
    case 'PIPE':
      return tx.forwardReason
    case 'HIT_FOR_MISS':
    case 'HIT_FOR_PASS':
      return kind
    default:
      return tx.reason
  }
}

const DECIDING: Readonly<Partial<Record<VerdictKind, readonly ActionType[]>>> = {
  PASS: ['pass'],
  PIPE: ['pipe'],
  SYNTH: ['synth', 'purge'],
  ERROR: ['fail', 'error', 'abandon'],
}

function deciderOf(kind: VerdictKind, decisions: readonly ExplainedDecision[]): ExplainedDecision | null {
  for (const type of DECIDING[kind] ?? []) {
    const found = decisions.findLast(({ action, background }) => action?.type === type && !background)
    if (found !== undefined) return found
  }
  return null
}

function textOf(rehearsal: Rehearsal, kind: VerdictKind, reason: Reason, by: ExplainedDecision | null): string {
  const { tx, table, exchange } = rehearsal
  const left = tx.served?.left(tx.now) ?? 0
  const meaning = sentence(REASONS[reason])
  const who = by === null ? '' : ` (${by.by})`
  switch (kind) {
    case 'HIT':
      return `A fresh object is in memory, for another ${Math.ceil(left)} s.`
    case 'GRACE':
      return `The stored object, stale since ${Math.ceil(-left)} s, is served at once while one fetch refreshes it.`
    case 'STALE':
      return `${meaning}; it is stale since ${Math.ceil(-left)} s.`
    case 'MISS':
      return `${meaning}; the origin is asked.`
    case 'PASS':
      return `${meaning}${who}; it goes to the origin for itself alone.`
    case 'HIT_FOR_MISS':
    case 'HIT_FOR_PASS':
      return `${meaning}.`
    case 'WAIT':
      return `Another request is fetching it; this one would wait with ${others(table.waitsWith)}.`
    case 'PIPE':
      return `${meaning}${who}.`
    case 'SYNTH':
      return `${meaning}${who}: ${exchange.status} ${exchange.reason}.`
    case 'ERROR':
      return `${by?.error == null ? tx.story || meaning : `${sentence(by.error)}${who}`}; the client gets ${exchange.status}.`
    default:
      return kind satisfies never
  }
}

function others(count: number): string {
  return count === 0 ? 'nobody else' : count === 1 ? '1 other' : `${count} others`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
