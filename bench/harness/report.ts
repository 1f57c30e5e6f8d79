/** Results as tables for a terminal, which are Markdown as well. */
import type { Verdict } from '../goals.ts'
import type { Figures } from './measure.ts'
import { median, ratios, type Spread, spread } from './statistics.ts'

/** One line a target, ratios taken round by round against the first target, which is ours. */
export function figuresTable(title: string, figures: readonly Figures[]): string {
  const [ours] = figures
  const latency = figures.some(({ p99 }) => p99.length > 0)
  const rows = figures.map((one) => [
    one.name,
    shown(spread(one.cpu), 1),
    one === ours || ours === undefined ? '' : shown(spread(ratios(ours.cpu, one.cpu)), 2),
    median(one.rate).toFixed(0),
    ...(latency ? [median(one.p99).toFixed(1)] : []),
    (one.wrong === 0 ? 'all right' : `${one.wrong} of ${one.answers} WRONG`) + logShare(one.logged),
  ])
  return table(title, ['target', 'CPU µs/answer', `${ours?.name ?? ''} ÷ it`, 'answers/s', ...(latency ? ['p99 ms'] : []), 'answers'], rows)
}

/** A log that lacks lines was cheaper than it should have been. */
function logShare(logged: number | null): string {
  if (logged === null) return ''
  return logged > 0.99 ? ', all logged' : `, only ${(logged * 100).toFixed(0)} % LOGGED`
}

/** Every ratio that has a target, met or missed. */
export function goalsTable(verdicts: readonly Verdict[]): string {
  const met = verdicts.filter((verdict) => verdict.met).length
  const rows = verdicts.map(({ scenario, target, figure, ratio, most, met }) => [
    figure === undefined ? scenario : `${scenario}, ${figure}`,
    target,
    shown(ratio, 3),
    `≤ ${most}`,
    met ? 'met' : 'MISSED',
  ])
  return table(`targets: ${met} of ${verdicts.length} met`, ['scenario', 'clearcoat ÷', 'ratio', 'target', ''], rows)
}

export function shown({ median, lowest, highest }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)}–${highest.toFixed(digits)})`
}

export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [`\n### ${title}\n`, line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
