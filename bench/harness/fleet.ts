/**
 * Two nodes that share a Redis, and one without. In each round one node fetches what nobody has and writes it to Redis, the other then finds all
 * of it there, and the one without Redis fetches as much. In the next round the two change places, so that both are the same server.
 */
import { type Figures, noResults, type Plan, type Results } from './measure.ts'
import type { EachResult, Sender } from './open-loop.ts'
import { type RedisProgram, settled } from './redis.ts'
import type { Target } from './target.ts'

export interface Fleet {
  readonly redis: RedisProgram
  readonly nodes: readonly [Target, Target]
  readonly alone: Target
}

export interface FleetFigures {
  /** What was found in Redis first. */
  readonly figures: readonly Figures[]
  /** Which part of what was fetched beside Redis was written there, from 0 to 1. What was not is asked for all the same, and counts as wrong. */
  readonly written: number
}

/** What every answer out of Redis says in its Cache-Status. */
const FROM_REDIS = '; tier=redis'
/** Both nodes have to be asked for the same. */
const HOST = 'bench.test'
/** Each node has to have done both. */
const WARM_UP_ROUNDS = 2

interface Leg {
  readonly target: Target
  readonly result: Results
  /** Whether it comes out of Redis. */
  readonly found: boolean
  /** The first key, and how many; `null`: as many as a run takes. */
  readonly from: number
  readonly count: number | null
}

export async function measureFleet(plan: Plan, { redis, nodes, alone }: Fleet, sender: Sender): Promise<FleetFigures> {
  const names = ['clearcoat, from Redis', 'clearcoat, miss, written to Redis', 'clearcoat, miss, no Redis']
  const results = names.map(noResults)
  const [hits, misses, lone] = results as [Results, Results, Results]
  let from = 0
  let fetched = 0
  let written = 0
  for (let round = -WARM_UP_ROUNDS; round < plan.rounds; round++) {
    const [one, other] = round % 2 === 0 ? nodes : nodes.toReversed()
    if (one === undefined || other === undefined) throw new Error('there are no two nodes')
    const measured = round >= 0
    const before = await redis.size()
    const leg = (more: Omit<Leg, 'from'>, settle: (asked: number) => Promise<unknown>): Promise<EachResult> =>
      run(plan, sender, { ...more, from }, measured, settle)
    const lately = async (asked: number): Promise<void> => {
      written += Math.min(asked, (await settled(redis, before + asked)) - before)
    }
    const { answers } = await leg({ target: one, result: misses, found: false, count: null }, lately)
    fetched += answers
    await leg({ target: other, result: hits, found: true, count: answers }, async () => undefined)
    await leg({ target: alone, result: lone, found: false, count: answers }, async () => undefined)
    from += answers
  }
  return { figures: results, written: written / fetched }
}

/** Processor time counts until what goes on behind the answers has settled. */
async function run(
  { scenario, connections, seconds, warmUp }: Plan,
  sender: Sender,
  { target, result, found, from, count }: Leg,
  measured: boolean,
  settle: (asked: number) => Promise<unknown>,
): Promise<EachResult> {
  const errand = { port: target.port, scenario, age: found, distinct: true, host: HOST, says: found ? FROM_REDIS : '' }
  const before = target.cpu()
  const ran = await sender.each({ errand, connections, from, count, seconds: measured ? seconds : warmUp })
  await settle(ran.answers)
  const spent = target.cpu() - before
  if (!measured) return ran
  result.cpu.push(spent / ran.answers)
  result.rate.push(ran.answers / ran.seconds)
  result.p99.push(ran.p99)
  result.answers += ran.answers
  result.wrong += ran.wrong
  return ran
}
