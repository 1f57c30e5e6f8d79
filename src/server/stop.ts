/** The end of an assembly. */
import type { Assembly } from '../assembly.ts'

/** Ends what an assembly has under way, its policies last. */
export async function stopAssembly({ engine, table, origins, expiry, policies }: Assembly): Promise<void> {
  engine.invalidation.stop()
  table.stop()
  origins.stop()
  expiry.stop()
  await policies.close()
}
