/**
 * Rounds in which all targets are asked in slices, in turn and back in the next: A B C, C B A. What a target spends while it is not asked is measured
 * before, and taken off for the time in which others were.
 */
import { createReadStream } from 'node:fs'
import { ask } from './ask.ts'
import { faultOf } from './expect.ts'
import type { Load, LoadRun } from './load.ts'
import { firstPath } from './paths.ts'
import { requestText } from './requests.ts'
import type { Scenario } from './scenario.ts'
import { inSlices, type SlicedRun, type Slices } from './slices.ts'
import { askedOf, type Target } from './target.ts'

export interface Plan extends Slices {
  readonly scenario: Scenario
  readonly connections: number
  /** After each start of all servers. */
  readonly rounds: number
  /** How often all servers are started: what V8 makes of the same code differs by some per cent from one to the next. */
  readonly starts: number
  /** As `seconds`, of the round that is thrown away. */
  readonly warmUp: number
}

export interface Figures {
  readonly name: string
  /** Microseconds of processor time per answer, one number a round. */
  readonly cpu: readonly number[]
  /** Answers per second of those in which it was asked. */
  readonly rate: readonly number[]
  /** Milliseconds in a closed loop; none of rounds in slices, which would be those of answers that had to wait for the next. */
  readonly p99: readonly number[]
  readonly answers: number
  /** Those of them that were not what they had to be. */
  readonly wrong: number
  /** Which part of all requests, those that warmed it up included, is in its log; `null` where it has none. */
  readonly logged: number | null
}

export type Results = { -readonly [Name in keyof Figures]: Figures[Name] extends readonly number[] ? number[] : Figures[Name] }

export function noResults(name: string): Results {
  return { name, cpu: [], rate: [], p99: [], answers: 0, wrong: 0, logged: null }
}

let series = 0

/** All logs are on disk by then, and what a server does behind its answers is done. */
const SETTLED_MS = 3000
/** Seconds in which each is asked alone, to see what the others spend meanwhile. */
const ALONE = 1

/** One start's rounds. */
export async function measure(plan: Plan, targets: readonly Target[], load: Load): Promise<readonly Figures[]> {
  const results = targets.map(({ name }) => noResults(name))
  const asked = targets.map(() => 0)
  const run = async (order: readonly number[], seed: number, seconds: number): Promise<ReadonlyMap<number, Run>> => {
    const before = targets.map((target) => target.cpu())
    const at = performance.now()
    const begins = order.map((index) => {
      const { port, age } = targets[index] as Target
      const scenario = askedOf(targets[index] as Target, plan.scenario)
      return (total: number): Promise<LoadRun> =>
        load.begin({ port, age, scenario, connections: plan.connections, seconds: total, series: series++, seed })
    })
    const runs = await inSlices(begins, { ...plan, seconds })
    const wall = (performance.now() - at) / 1000
    return new Map(
      targets.map((target, index) => {
        const sliced = runs[order.indexOf(index)] ?? { answers: 0, wrong: 0, active: 0 }
        asked[index] = (asked[index] ?? 0) + sliced.answers
        return [index, { ...sliced, spent: target.cpu() - (before[index] ?? 0), passive: wall - sliced.active }]
      }),
    )
  }

  const all = [...targets.keys()]
  await run(all, 1, plan.warmUp)
  await settle()
  const idle = targets.map(() => Number.POSITIVE_INFINITY)
  for (const index of targets.length === 1 ? [] : all) {
    for (const [other, { spent, passive }] of await run([index], 2, ALONE)) {
      if (other !== index) idle[other] = Math.min(idle[other] ?? 0, spent / passive)
    }
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const [index, figure] of await run(round % 2 === 0 ? all : all.toReversed(), round + 3, plan.seconds)) {
      const { spent, passive, answers, wrong, active } = figure
      const result = results[index] as Results
      result.cpu.push((spent - (targets.length === 1 ? 0 : passive * (idle[index] ?? 0))) / answers)
      result.rate.push(answers / active)
      result.answers += answers
      result.wrong += wrong
    }
  }
  if (plan.scenario.log) await settle()
  for (const [index, { log }] of targets.entries()) {
    if (log !== null) (results[index] as Results).logged = Math.min(1, (await linesOf(log)) / (asked[index] ?? 0))
  }
  return results
}

interface Run extends SlicedRun {
  /** Microseconds of processor time. */
  readonly spent: number
  /** Seconds in which it was not asked. */
  readonly passive: number
}

/** Of several starts, each target's rounds one after the other; a target that did not come through all of them is left out. */
export function joined(starts: readonly (readonly Figures[])[]): readonly Figures[] {
  const [first = []] = starts
  return first.flatMap(({ name }) => {
    const parts = starts.flatMap((figures) => figures.filter((one) => one.name === name))
    if (parts.length < starts.length) return []
    const all = noResults(name)
    for (const { cpu, rate, p99, answers, wrong, logged } of parts) {
      all.cpu.push(...cpu)
      all.rate.push(...rate)
      all.p99.push(...p99)
      all.answers += answers
      all.wrong += wrong
      if (logged !== null) all.logged = Math.min(all.logged ?? 1, logged)
    }
    return [all]
  })
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
}

async function linesOf(file: string): Promise<number> {
  let lines = 0
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  }
  return lines
}

/** Stores what will be asked for, and throws if a target's answer to it is not what the scenario wants: a fast wrong answer is worth nothing. */
export async function prove(target: Target, scenario: Scenario): Promise<void> {
  const { shape, fields, work } = scenario
  const path = firstPath(scenario)
  const request = (more: Scenario['fields']): string => requestText(shape, `127.0.0.1:${target.port}`, path, more)
  if (work === 'hit') await ask(target.port, request([]))
  const fresh = work === 'miss' ? `/first/${series++}` : path
  const answer = await ask(target.port, request(fields).replace(path, fresh))
  if (work === 'miss' && !target.distinct) return
  const fault = faultOf(answer, scenario, fresh, target.age)
  if (fault !== null) throw new Error(`${target.name} answers ${scenario.name} wrongly: ${fault}\n${answer.head}`)
}
