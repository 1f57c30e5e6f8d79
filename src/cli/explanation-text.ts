/** An explanation for people: the verdict first, then how it came about, at last what would make it a hit. */
import type {
  ExplainedAction,
  ExplainedDecision,
  Explanation,
  FreshnessInputs,
  SourcePlace,
  StoredSummary,
  StoredVariant,
  VaryValue,
} from '../admin/explanation.ts'
import { formatSize } from '../config/size.ts'
import { shownPath } from './config-file.ts'
import { duration } from './duration-text.ts'
import { shown } from './table.ts'

export interface Style {
  readonly color: boolean
  /** Places are shown relative to it. */
  readonly folder: string
}

export function explanationText(explanation: Explanation, style: Style): string {
  const { verdict, request } = explanation
  const at = verdict.at === null ? '' : ` (${placeText(verdict.at, style)})`
  const lines = [
    `${bold(verdict.kind, style)}: ${shown(`${verdict.text}${at}`)}`,
    ...section('Request', [
      `${request.method} ${request.scheme}://${request.host}${request.url} from ${request.ip}${request.mayInvalidate ? ', who may purge' : ''}`,
      ...keyLines(explanation),
      `reason   ${verdict.reason}`,
      `preset   ${explanation.preset}${explanation.policy === null ? '' : `, policy ${explanation.policy}`}`,
    ]),
    ...section('What ran', decisionLines(explanation.decisions, style)),
    ...(explanation.freshness === null ? [] : section('Freshness', freshnessLines(explanation.freshness))),
    ...section('Stored under this key', storedLines(explanation)),
    ...section('Origin', originLines(explanation)),
    ...section(
      'What would make it a HIT',
      explanation.hit.map((sentence) => `- ${sentence}`),
    ),
    ...section(
      'Notes',
      explanation.notes.map((sentence) => `- ${sentence}`),
    ),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}`, ...lines.map((line) => `  ${shown(line)}`)]
}

function bold(text: string, { color }: Style): string {
  return color ? `\x1b[1m${text}\x1b[22m` : text
}

function keyLines({ key, variant, class: who }: Explanation): string[] {
  const added = key === null || key.added.length === 0 ? '' : `, with ${key.added.map((part) => JSON.stringify(part)).join(' ')}`
  const named = key === null ? 'none was made' : key.url === null ? `the policy's own${added}` : `${key.host ?? ''}${key.url}${added}`
  const vary = variant.vary.length === 0 ? '' : `, ${varyText(variant.vary)}`
  return [
    `key      ${named}`,
    `variant  ${variant.scheme ?? 'any scheme'}${armText(variant.arm)}${vary}`,
    `class    ${who.name}: ${who.why}`,
  ]
}

function varyText(vary: readonly VaryValue[]): string {
  return vary.map(({ name, value }) => (value === null ? `no ${name}` : `${name}: ${value}`)).join(', ')
}

interface Row {
  readonly hook: string
  readonly by: string
  readonly did: string
  /** Below it: what was changed, and the row of the decision table. */
  readonly more: readonly string[]
}

/** Hook, who, what and where, in columns. Built-in steps without an opinion share a line. */
function decisionLines(decisions: readonly ExplainedDecision[], style: Style): string[] {
  const rows: Row[] = []
  for (const decision of decisions) {
    const row = rowOf(decision, style)
    const before = rows.at(-1)
    if (before !== undefined && isSilentStep(before) && isSilentStep(row) && before.hook === row.hook)
      rows[rows.length - 1] = { ...before, by: `${before.by.replace(/^step /, 'steps ')} ${row.by.slice('step '.length)}` }
    else rows.push(row)
  }
  const width = (of: (row: Row) => string): number => Math.max(0, ...rows.map((row) => of(row).length).filter((length) => length <= WIDEST))
  const [hooks, names] = [width(({ hook }) => hook), width(({ by }) => by)]
  return rows.flatMap(({ hook, by, did, more }) => [
    `${hook.padEnd(hooks)}  ${by.padEnd(names)}  ${did}`.trimEnd(),
    ...more.map((line) => `    ${line}`),
  ])
}

const NO_OPINION = 'no opinion'
/** Names that are longer stand out of their column. */
const WIDEST = 28
/** Of a value that was changed. */
const LONGEST = 72

function isSilentStep({ by, did, more }: Row): boolean {
  return /^steps? /.test(by) && did === NO_OPINION && more.length === 0
}

function rowOf({ hook, by, own, background, action, at, changes, rule, error }: ExplainedDecision, style: Style): Row {
  const did = error !== null ? `failed: ${error}` : action === null ? NO_OPINION : actionText(action)
  const changed = changes.map(({ noun, before, after }) => `${noun}: ${valueText(before, '(none)')} → ${valueText(after, '(removed)')}`)
  const ruled =
    rule !== null && !own && action !== null ? [`${rule.rule}${rule.clause === '' ? '' : ` (${rule.clause})`}: ${rule.says}`] : []
  return {
    hook: background ? `${hook} (behind)` : hook,
    by: by.startsWith(`${hook} of `) ? by.slice(hook.length + 4) : by.startsWith('default of ') ? 'default' : by,
    did: at === null ? did : `${did}  ${placeText(at, style)}`,
    more: [...changed, ...ruled],
  }
}

function valueText(value: string | null, absent: string): string {
  if (value === null) return absent
  const text = value === '' ? "''" : value
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function actionText({ type, data }: ExplainedAction): string {
  const given = Object.entries(data).filter(([, value]) => value !== null && value !== false)
  return given.length === 0
    ? type
    : `${type} ${given.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')}`
}

function freshnessLines({ state, source, age, ttl, left, inputs, ...more }: FreshnessInputs): string[] {
  const extra = [
    more.grace > 0 ? `grace ${duration(more.grace)}` : '',
    more.staleIfError > 0 ? `stale if error ${duration(more.staleIfError)}` : '',
    more.keep > 0 ? `keep ${duration(more.keep)}` : '',
    more.mustRevalidate ? 'must be revalidated' : '',
  ].filter((text) => text !== '')
  const nameWidth = Math.max(0, ...inputs.map(({ name }) => name.length))
  const valueWidth = Math.min(32, Math.max(0, ...inputs.map(({ value }) => value.length)))
  return [
    `${state}: age ${duration(age)}, ttl ${duration(ttl)} from ${source}, ${leftText(left)}`,
    ...(extra.length === 0 ? [] : [extra.join(', ')]),
    ...inputs.map(({ name, value, clause, note }) =>
      `${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${clause}${note === '' ? '' : `${clause === '' ? '' : ': '}${note}`}`.trimEnd(),
    ),
  ]
}

function storedLines({ key, stored }: Explanation): string[] {
  if (key === null) return []
  const lines = stored.variants.flatMap(variantLines)
  for (const { class: who, range, waiters, joined } of stored.fetches)
    lines.push(
      `a fetch is under way (${who}${range === null ? '' : `, ${range}`}), ${waiters} wait${joined ? ', and this request would' : ''}`,
    )
  return lines.length === 0 ? ['nothing'] : lines
}

function armText(arm: string | null): string {
  return arm === null ? '' : `, arm ${arm}`
}

function variantLines({ scheme, arm, vary, selected, object, part, arriving, markers }: StoredVariant): string[] {
  const names = vary.length === 0 ? '' : `, ${varyText(vary)}`
  const lines = [`${selected ? '*' : ' '} variant ${scheme ?? 'any scheme'}${armText(arm)}${names}`]
  for (const [what, summary] of Object.entries({ object, part, arriving }))
    if (summary !== null) lines.push(`    ${what}: ${summaryText(summary)}`)
  for (const { type, class: who, left } of markers)
    lines.push(`    ${type === 'hitForMiss' ? 'hit-for-miss' : 'hit-for-pass'} of ${who} requests, ${duration(left)} left`)
  return lines
}

function summaryText({ id, status, bytes, state, age, left, hits, tags, coding }: StoredSummary): string {
  const tagged = tags.length === 0 ? '' : `, tags ${tags.slice(0, 8).join(' ')}${tags.length > 8 ? ' …' : ''}`
  const coded = coding === null ? '' : `, ${coding}`
  return `${status}, ${formatSize(bytes)}${coded}, ${state}, age ${duration(age)}, ${leftText(left)}, ${hits} hits, id ${id}${tagged}`
}

function leftText(left: number): string {
  return left < 0 ? `over for ${duration(-left)}` : `${duration(left)} left`
}

function originLines({ origin, fetched, answer }: Explanation): string[] {
  const lines = origin.map(({ backend, method, url, host, conditions, background, asked }) => {
    const asks = conditions.length === 0 ? '' : ` with ${conditions.join(', ')}`
    return `${asked ? 'was asked' : 'would be asked'}${background ? ' behind the answer' : ''}: ${method} ${backend}${url} (Host: ${host})${asks}`
  })
  if (fetched !== null) {
    lines.push(`answered ${fetched.status === 0 ? 'nothing' : fetched.status}: ${fetched.text} (${fetched.why})`)
    if (fetched.freshness !== null) lines.push(...freshnessLines(fetched.freshness).map((line) => `  ${line}`))
  }
  if (answer !== null && lines.length === 0) lines.push(`not asked; the client gets ${answer.status} ${answer.reason}`.trimEnd())
  return lines
}

function placeText({ file, line, column }: SourcePlace, { folder }: Style): string {
  return `${shownPath(file, folder)}:${line}:${column}`
}
