/** What a run found, for people (a table by category, totals, what did not pass) and for programs (JSON). */
import type { Classified, Result } from './classify.ts'
import { type Kind, kindOf } from './suite.ts'

export type Tally = Readonly<Record<Kind, Readonly<Partial<Record<Result, number>>>>>

export interface Report {
  readonly target: string
  readonly required: readonly [passed: number, of: number]
  readonly optimal: readonly [passed: number, of: number]
  readonly checks: readonly [yes: number, of: number]
  readonly tally: Tally
  readonly results: Readonly<Record<string, { readonly kind: Kind; readonly result: Result; readonly reason: string | null }>>
}

const GOOD: ReadonlySet<Result> = new Set<Result>(['pass', 'yes'])

/** Tests that were not run are left out. */
export function makeReport(target: string, classified: readonly Classified[]): Report {
  const run = classified.filter(({ result }) => result !== 'untested')
  const tally: Record<Kind, Partial<Record<Result, number>>> = { required: {}, optimal: {}, check: {} }
  for (const { test, result } of run) tally[kindOf(test)][result] = (tally[kindOf(test)][result] ?? 0) + 1
  const score = (kind: Kind): readonly [number, number] => scoreOf(run.filter(({ test }) => kindOf(test) === kind))
  return {
    target,
    required: score('required'),
    optimal: score('optimal'),
    checks: score('check'),
    tally,
    results: Object.fromEntries(run.map(({ test, result, reason }) => [test.id, { kind: kindOf(test), result, reason }])),
  }
}

/** Required and optimal tests that did not pass. */
export function notPassing(report: Report): string[] {
  return Object.entries(report.results)
    .filter(([, { kind, result }]) => kind !== 'check' && !GOOD.has(result))
    .map(([id]) => id)
}

export function formatReport(report: Report, classified: readonly Classified[]): string {
  const run = classified.filter(({ result }) => result !== 'untested')
  return [`== ${report.target}`, ...formatTable(run), '', ...formatTotals(report), '', ...formatMisses(run)].join('\n')
}

function formatTable(run: readonly Classified[]): string[] {
  const rows: string[][] = [['category', 'required', 'optimal', 'checks']]
  for (const group of new Set(run.map(({ group }) => group))) {
    const cell = (kind: Kind): string => {
      const [good, of] = scoreOf(run.filter((entry) => entry.group === group && kindOf(entry.test) === kind))
      return of === 0 ? '' : `${good}/${of}`
    }
    rows.push([group, cell('required'), cell('optimal'), cell('check')])
  }
  const width = Math.max(...rows.map(([name = '']) => name.length))
  return rows.map(([name = '', ...cells]) => `${name.padEnd(width)}  ${cells.map((cell) => cell.padStart(8)).join('  ')}`.trimEnd())
}

function formatTotals({ required, optimal, checks, tally }: Report): string[] {
  const detail = (kind: Kind): string =>
    Object.entries(tally[kind])
      .map(([result, count]) => `${count} ${result}`)
      .join(', ')
  return [
    `required ${required.join('/')}  (${detail('required')})`,
    `optimal  ${optimal.join('/')}  (${detail('optimal')})`,
    `checks   ${checks.join('/')}  (${detail('check')})`,
  ]
}

/** A check answered `no` is an answer, not a miss; what only depends on another miss is in the totals. */
function formatMisses(run: readonly Classified[]): string[] {
  const misses = run.filter(({ result }) => !GOOD.has(result) && result !== 'no' && result !== 'dependency_fail')
  return misses.map(({ test, result, reason }) => `${result.padEnd(15)} ${kindOf(test).padEnd(8)} ${test.id}: ${reason ?? ''}`)
}

function scoreOf(entries: readonly Classified[]): readonly [good: number, of: number] {
  return [entries.filter(({ result }) => GOOD.has(result)).length, entries.length]
}
