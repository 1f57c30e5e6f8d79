/** Rounds over all targets in turn, and back in the next: A B C, C B A, so that a machine that grows slower or faster favours nobody. */
import { createReadStream } from 'node:fs'
import { ask } from './ask.ts'
import { faultOf } from './expect.ts'
import type { Load } from './load.ts'
import { firstPath } from './paths.ts'
import { requestText } from './requests.ts'
import type { Scenario } from './scenario.ts'
import { askedOf, type Target } from './target.ts'

export interface Plan {
  readonly scenario: Scenario
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
  /** Milliseconds in the closed loop. */
  readonly p50: readonly number[]
  readonly p99: readonly number[]
  readonly answers: number
  /** Those of them that were not what they had to be. */
  readonly wrong: number
  /** Which part of all requests, those that warmed it up included, is in its log; `null` where it has none. */
  readonly logged: number | null
}

export type Results = { -readonly [Name in keyof Figures]: Figures[Name] extends readonly number[] ? number[] : Figures[Name] }

let series = 0

/** All logs are on disk by then. */
const FLUSHED_MS = 3000

export async function measure(plan: Plan, targets: readonly Target[], load: Load): Promise<readonly Figures[]> {
  const results = targets.map(({ name }): Results => ({ name, cpu: [], rate: [], p50: [], p99: [], answers: 0, wrong: 0, logged: null }))
  const asked = targets.map(() => 0)
  for (let round = -1; round < plan.rounds; round++) {
    const order = [...targets.entries()]
    for (const [index, target] of round % 2 === 0 ? order : order.toReversed()) {
      const { connections } = plan
      const scenario = askedOf(target, plan.scenario)
      const { port, age } = target
      const seconds = round < 0 ? plan.warmUp : plan.seconds
      const before = await target.cpu()
      const run = await load.run({ port, age, scenario, connections, seconds, series: series++, seed: round + 2 })
      const spent = (await target.cpu()) - before
      asked[index] = (asked[index] ?? 0) + run.answers
      const result = results[index]
      if (result === undefined || round < 0) continue
      result.cpu.push(spent / run.answers)
      result.rate.push(run.answers / run.seconds)
      result.p50.push(run.p50)
      result.p99.push(run.p99)
      result.answers += run.answers
      result.wrong += run.wrong
    }
  }
  if (plan.scenario.log) await new Promise((resolve) => setTimeout(resolve, FLUSHED_MS))
  for (const [index, { log }] of targets.entries()) {
    const result = results[index]
    if (result !== undefined && log !== null) result.logged = Math.min(1, (await linesOf(log)) / (asked[index] ?? 0))
  }
  return results
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
