/** Before it serves, a node looks whether Redis is there: what it has is of use from the first request on. */
import { setTimeout } from 'node:timers/promises'
import type { Assembly } from '../assembly.ts'

/** Milliseconds; whoever is not there by then is done without, until it is. */
const LONGEST = 500
const STEP = 5

/** Resolves when this thread can ask Redis and knows the log of all nodes, or without either after a while. */
export async function joined({ redis, stores }: Pick<Assembly, 'redis' | 'stores'>): Promise<void> {
  if (redis === null) return
  for (let waited = 0; waited < LONGEST && !isReady(redis.port.state, stores.fleetView?.ready); waited += STEP) await setTimeout(STEP)
}

function isReady(state: 'ready' | 'away', known: boolean | undefined): boolean {
  return state === 'ready' && known === true
}
