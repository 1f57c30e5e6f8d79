/** Programs that run at the same time in threads of their own, over the same memory. */
import { Worker, workerData } from 'node:worker_threads'

/** What a program finds as its data. */
export interface Race {
  /** The number of the thread, from 0. */
  readonly thread: number
  readonly threads: number
  /** Threads that have come to the start, and to the end. */
  readonly gate: Int32Array
}

/** Runs a program in so many threads and gives what each posted, in their order. When one throws, all are ended. */
export async function race<Result>(program: URL, threads: number, data: object): Promise<Result[]> {
  const gate = new Int32Array(new SharedArrayBuffer(8))
  const workers = Array.from(
    { length: threads },
    (_, thread) => new Worker(program, { workerData: { ...data, thread, threads, gate } satisfies Race, execArgv: [] }),
  )
  const result = (worker: Worker): Promise<Result> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve)
      worker.once('error', reject)
      worker.once('exit', () => reject(new Error('a thread ended without a result')))
    })
  try {
    return await Promise.all(workers.map(result))
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()))
  }
}

/** In a thread: its data, once all threads are there. */
export function start<Data>(): Data & Race {
  const data = workerData as Data & Race
  const { gate, threads } = data
  if (Atomics.add(gate, 0, 1) + 1 === threads) Atomics.notify(gate, 0)
  for (let there = Atomics.load(gate, 0); there < threads; there = Atomics.load(gate, 0)) Atomics.wait(gate, 0, there)
  return data
}

/** In a thread: it is through. */
export function arrive({ gate }: Race): void {
  Atomics.add(gate, 1, 1)
}

/** In a thread: how many are through. */
export function arrived({ gate }: Race): number {
  return Atomics.load(gate, 1)
}

/** Numbers that look random and are the same each time, below `end`. */
export function randomFrom(seed: number): (end: number) => number {
  let state = Math.imul(seed + 1, 0x9e37_79b9) | 1
  return (end) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % end
  }
}
