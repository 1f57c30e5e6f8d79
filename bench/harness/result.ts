/** A run as it is kept in a file. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Verdict } from '../goals.ts'
import { type Machine, machine, versions } from './machine.ts'
import type { Figures, Plan } from './measure.ts'
import type { Latency } from './open-loop.ts'
import { type Spread, spread } from './statistics.ts'

export interface TargetResult {
  readonly name: string
  /** Microseconds of processor time per answer: the median of the rounds with its spread, and each of them. */
  readonly cpu: Spread & { readonly rounds: readonly number[] }
  /** Answers per second. */
  readonly rate: Spread
  /** Milliseconds, closed loop; `null` where it was asked in slices. */
  readonly p99: Spread | null
  readonly answers: number
  readonly wrong: number
  /** Which part of the requests is in its log; `null` where it has none. */
  readonly logged: number | null
}

export interface ScenarioResult {
  readonly name: string
  readonly title: string
  /** Ours first. */
  readonly targets: readonly TargetResult[]
  readonly verdicts: readonly Verdict[]
  /** Empty unless an open loop was asked for. */
  readonly latencies: readonly Latency[]
}

export interface Result {
  /** When it ended, ISO 8601. */
  readonly date: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly load: string
  /** Options of ours that are not the default. */
  readonly flags: readonly string[]
  readonly plan: Omit<Plan, 'scenario'>
  readonly scenarios: readonly ScenarioResult[]
}

/** What is known when a run begins. */
export type Circumstances = Omit<Result, 'date' | 'scenarios'>

export function circumstances(load: string, flags: readonly string[], plan: Omit<Plan, 'scenario'>): Circumstances {
  return { machine: machine(), versions: versions(), load, flags, plan }
}

export function targetResult({ name, cpu, rate, p99, answers, wrong, logged }: Figures): TargetResult {
  return {
    name,
    cpu: { ...spread(cpu), rounds: cpu },
    rate: spread(rate),
    p99: p99.length === 0 ? null : spread(p99),
    answers,
    wrong,
    logged,
  }
}

/** Makes the folder, too, where it is missing. */
export function writeResult(file: string, begun: Circumstances, scenarios: readonly ScenarioResult[]): void {
  const result: Result = { date: new Date().toISOString(), ...begun, scenarios }
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(result, rounded, 2)}\n`)
}

/** Digits beyond the thousandth are noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}
