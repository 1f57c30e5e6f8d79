/** The lives of policies: initialised when they are to serve, ended once nobody uses them any more, and perhaps begun again. */
import type { EventLog } from '../log.ts'
import type { ActivePolicy } from './active.ts'
import type { PolicyCopy } from './followers.ts'
import type { PolicyBundle } from './load.ts'

export class KeptPolicy implements PolicyCopy {
  readonly name: string
  readonly mark: number
  readonly bundle: PolicyBundle | null
  /** Evaluates and initialises it. */
  readonly start: () => Promise<ActivePolicy>
  /** From `init` to `fini`. */
  running: ActivePolicy | null = null
  draining = false

  constructor({ name, mark, bundle }: PolicyCopy, start: () => Promise<ActivePolicy>) {
    this.name = name
    this.mark = mark
    this.bundle = bundle
    this.start = start
  }

  /** What other threads are told of it. */
  get copy(): PolicyCopy {
    const { name, mark, bundle } = this
    return { name, mark, bundle }
  }
}

export class PolicyLives {
  readonly #log: EventLog
  /** What has been initialised and not ended. */
  readonly #live = new Set<KeptPolicy>()
  readonly #endings = new Set<Promise<void>>()
  /** Where transactions are counted for other threads to see, by the policies' numbers. */
  #cells: Float64Array | null = null
  /** Called when a policy has begun or ended. */
  changed: () => void = () => {}

  constructor(log: EventLog) {
    this.#log = log
  }

  countIn(cells: Float64Array): void {
    this.#cells = cells
  }

  /** It was initialised. */
  begin(kept: KeptPolicy, running: ActivePolicy): ActivePolicy {
    kept.running = running
    if (this.#cells !== null) running.countIn(this.#cells, kept.mark)
    this.#live.add(kept)
    this.changed()
    return running
  }

  /** Initialised, whatever it was. Rejects when it cannot be. */
  async warm(kept: KeptPolicy): Promise<ActivePolicy> {
    kept.running?.whenIdle(null)
    kept.draining = false
    return kept.running ?? this.begin(kept, await kept.start())
  }

  /** Its transactions end with it, then it ends. */
  retire(kept: KeptPolicy): void {
    if (kept.running === null) return
    kept.draining = true
    kept.running.whenIdle(() => this.#end(kept))
  }

  /** Ends all, whatever still uses them. */
  async close(): Promise<void> {
    for (const kept of this.#live) this.#end(kept)
    await Promise.all(this.#endings)
  }

  #end(kept: KeptPolicy): void {
    const { running } = kept
    if (running === null) return
    kept.running = null
    kept.draining = false
    this.#live.delete(kept)
    this.changed()
    running.whenIdle(null)
    const ending = running.end().then((faults) => {
      for (const fault of faults) this.#log.error({ err: running.located(fault), policy: kept.name }, 'fini failed')
      this.#endings.delete(ending)
    })
    this.#endings.add(ending)
  }
}
