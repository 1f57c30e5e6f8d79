/** Rounds over all targets in turn, A B C A B C, and what came of them: medians with their spread. */
import type { Load } from './load.ts'
import type { Shape } from './requests.ts'
import type { Target, Work } from './target.ts'

export interface Plan {
  readonly work: Work
  readonly shape: Shape
  readonly connections: number
  readonly rounds: number
  /** Of each run. */
  readonly seconds: number
  readonly warmUp: number
}

export interface Figures {
  readonly name: string
  /** Microseconds of processor time per answer, one number a round. */
  readonly cpu: readonly number[]
  /** Answers per second. */
  readonly rate: readonly number[]
  readonly p99: readonly number[]
  readonly wrong: number
}

export async function measure(plan: Plan, targets: readonly Target[], load: Load): Promise<readonly Figures[]> {
  const results = targets.map((target) => ({ name: target.name, cpu: [] as number[], rate: [] as number[], p99: [] as number[], wrong: 0 }))
  for (let round = -1; round < plan.rounds; round++) {
    for (const [index, target] of targets.entries()) {
      const before = await target.cpu()
      const seconds = round < 0 ? plan.warmUp : plan.seconds
      const { port, age } = target
      const run = await load.run({
        port,
        shape: plan.shape,
        path: '/hot',
        connections: plan.connections,
        seconds,
        fresh: plan.work === 'miss',
        age,
      })
      const spent = (await target.cpu()) - before
      const result = results[index]
      if (result === undefined || round < 0) continue
      result.cpu.push(spent / run.answers)
      result.rate.push(run.answers / run.seconds)
      result.p99.push(run.p99)
      result.wrong += run.wrong
    }
  }
  return results
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** One line a target, ratios taken round by round against the first target, which is ours. */
export function report(title: string, figures: readonly Figures[]): string {
  const [ours] = figures
  const rows = figures.map((one) => {
    const ratios = one.cpu.map((cpu, round) => (ours?.cpu[round] ?? Number.NaN) / cpu)
    return [
      one.name,
      `${median(one.cpu).toFixed(1)} (${Math.min(...one.cpu).toFixed(1)}–${Math.max(...one.cpu).toFixed(1)})`,
      one === ours ? '' : `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      median(one.rate).toFixed(0),
      median(one.p99).toFixed(1),
      one.wrong === 0 ? 'all right' : `${one.wrong} WRONG`,
    ]
  })
  return table(title, ['target', 'CPU µs/answer', `${ours?.name ?? ''} ÷ it`, 'answers/s', 'p99 ms', 'answers'], rows)
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [`\n### ${title}\n`, line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
