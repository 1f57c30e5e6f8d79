/** The end of an assembly. */
import type { Assembly } from '../assembly.ts'

/** Ends what an assembly has under way, its policies last. */
export async function stopAssembly({ stores, origins, policies }: Assembly): Promise<void> {
  stores.stop()
  origins.stop()
  await policies.close()
}
