/** Counters of one's own together with those of the workers: counts into the first, reads all. */
import { type CounterName, Counters, type ReasonFamily } from './counters.ts'

export class SummedCounters extends Counters {
  readonly workers: readonly Counters[]

  constructor(workers: readonly Counters[]) {
    super()
    this.workers = workers
  }

  override get(name: CounterName): number {
    return this.workers.reduce((sum, worker) => sum + worker.get(name), super.get(name))
  }

  override reasonCount(family: ReasonFamily, reason: string): number {
    return this.workers.reduce((sum, worker) => sum + worker.reasonCount(family, reason), super.reasonCount(family, reason))
  }

  override reasonsOf(family: ReasonFamily): Iterable<string> {
    return new Set([...super.reasonsOf(family), ...this.workers.flatMap((worker) => [...worker.reasonsOf(family)])])
  }

  override addCells(name: string, sums: Float64Array): void {
    super.addCells(name, sums)
    for (const worker of this.workers) worker.addCells(name, sums)
  }
}
