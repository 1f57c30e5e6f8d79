/** Workers in the supervisor's own thread, with its clock, policy and logs: for tests of what several of them do together. */
import type { Spawn } from './handle.ts'
import { type SameThread, TrafficWorker } from './worker.ts'

export function localWorkers(same: SameThread): Spawn {
  return (init, events) => {
    let ended = false
    // As between threads: nothing is heard before its sender goes on.
    const worker = new TrafficWorker(
      init,
      (message) =>
        queueMicrotask(() => {
          if (!ended) events.message(message)
        }),
      same,
    )
    void worker.start()
    return {
      post: (message) =>
        queueMicrotask(() => {
          if (!ended) worker.handle(message)
        }),
      terminate: async () => {
        if (ended) return
        ended = true
        await worker.close()
        events.ended({ code: 0, error: null })
      },
    }
  }
}
