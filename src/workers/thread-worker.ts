/** Workers in threads of their own. */
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Spawn } from './handle.ts'
import type { FromWorker } from './messages.ts'

/** In a package that was built it is JavaScript. */
const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './thread-entry.ts' : './thread-entry.js', import.meta.url)

export function threadWorkers(resourceLimits: ResourceLimits): Spawn {
  return (init, events) => {
    const worker = new Worker(ENTRY, {
      name: `worker ${init.participant}`,
      workerData: init,
      transferList: [init.port],
      resourceLimits,
    })
    let error: Error | null = null
    worker.on('message', (message: FromWorker) => events.message(message))
    worker.on('error', (thrown: unknown) => {
      error = thrown instanceof Error ? thrown : new Error(String(thrown))
    })
    worker.on('exit', (code) => events.ended({ code, error }))
    return {
      post: (message, ports = []) => worker.postMessage(message, ports),
      terminate: async () => {
        await worker.terminate()
      },
    }
  }
}
