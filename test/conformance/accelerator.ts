/** Clearcoat itself as the proxy under test, started in this process. */

export interface Accelerator {
  /** `http://127.0.0.1:port` */
  readonly base: string
  close(): Promise<void>
}

interface Server {
  readonly addresses: readonly string[]
  close(): Promise<void>
}

type CreateServer = (options: {
  readonly origin: string
  readonly listen: readonly string[]
  readonly admin: null
  readonly preset: string
  readonly memory: number
  readonly workers: number
}) => Promise<Server>

const ENTRY = new URL('../../src/index.ts', import.meta.url).href
const MEMORY = 64 * 1024 * 1024

export async function startAccelerator(preset: string, originPort: number, workers: number): Promise<Accelerator> {
  const { createServer } = (await import(ENTRY)) as { readonly createServer: CreateServer }
  const server = await createServer({
    origin: `http://127.0.0.1:${originPort}`,
    listen: ['127.0.0.1:0'],
    admin: null,
    preset,
    memory: MEMORY,
    workers,
  })
  return { base: `http://${server.addresses[0]}`, close: () => server.close() }
}
