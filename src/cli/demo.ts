/** Runs the demo shop of `examples/` as the origin. The only place that reaches there. */

export interface Demo {
  readonly url: string
  close(): Promise<void>
}

export async function startDemo(): Promise<Demo> {
  const { startShop } = await import('../../examples/shop/server.ts')
  return startShop()
}
