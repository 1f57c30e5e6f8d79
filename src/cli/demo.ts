/** Runs the demo shop of `examples/` as the origin, with the policy for it. The only place that reaches there. */
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

export interface Demo {
  readonly url: string
  /** File of the shop's policy, as its author wrote it. */
  readonly policy: string
  close(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const { startShop } = await import('../../examples/shop/server.ts')
  const { url, close } = await startShop()
  return { url, policy: join(packageFolder(), 'examples/policy/shop.ts'), close }
}

/** In a package that was built this file lies a folder deeper than in its source. */
function packageFolder(): string {
  const file = findPackageJSON('..', import.meta.url)
  if (file === undefined) throw new Error('the package.json of clearcoat is missing')
  return dirname(file)
}
