/** The end of an assembly. */
import type { Assembly } from '../assembly.ts'

/** Ends what an assembly has under way, its policies last. */
export async function stopAssembly({ engine, stores, redis, limits, names, origins, policies }: Assembly): Promise<void> {
  engine.tier?.stop()
  stores.stop()
  await limits?.stop()
  redis?.stop()
  origins.stop()
  names.close()
  await policies.close()
}
