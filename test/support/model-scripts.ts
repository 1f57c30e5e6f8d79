/** What the Lua scripts do, in words of the model: `test/redis/script-twins.test.ts` compares their answers with those of a real server. */
import { FLEET_TWINS } from './model-fleet-scripts.ts'
import { TIER_TWINS } from './model-tier-scripts.ts'
import type { Twin } from './model-twin.ts'

/** By the names of the scripts. */
export const TWINS: ReadonlyMap<string, Twin> = new Map([...FLEET_TWINS, ...TIER_TWINS])
