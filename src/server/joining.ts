/** Before it serves, a node looks whether Redis is there: what it has is of use from the first request on. */
import { setTimeout } from 'node:timers/promises'
import type { Assembly } from '../assembly.ts'

/** Milliseconds; whoever is not there by then is done without, until it is. */
const LONGEST = 500
const STEP = 2

/** Resolves when this thread can ask Redis and knows the log of all nodes, or without either after a while. */
export async function joined({ redis, stores, limits }: Pick<Assembly, 'redis' | 'stores' | 'limits'>): Promise<void> {
  if (redis === null) {
    stores.start()
    return
  }
  const until = performance.now() + LONGEST
  // What asks before is told that nobody is there, and asks again only after a pause.
  while (redis.port.state === 'away' && performance.now() < until) await setTimeout(STEP)
  stores.start()
  limits?.start()
  while (stores.fleetView?.ready === false && performance.now() < until) await setTimeout(STEP)
}
