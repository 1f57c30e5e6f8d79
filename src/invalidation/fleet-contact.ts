/**
 * Whether this node hears of the fleet's log. What lies in the tier is vouched for by what was heard a moment ago, what lies in memory for as long as
 * the operator allows.
 */
import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from '../log.ts'
import type { FleetHome } from './fleet-home.ts'

/**
 * Milliseconds without an answer of the log after which it is said to be out of reach, and without its end after which nothing is read from the tier
 * any more: more than two answers that fail to come, so that a late one is no matter.
 */
const LIMIT = 2000

export class FleetContact {
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #home: FleetHome
  #answer: Timer | null = null
  #tier: Timer | null = null
  #memory: Timer | null = null
  #heardAt: number
  #ready = false
  #failing = false
  /** Why the last question had no answer. */
  #why = 'no answer'
  #stopped = false

  constructor(clock: Clock, log: EventLog, home: FleetHome) {
    this.#clock = clock
    this.#log = log
    this.#home = home
    this.#heardAt = clock.now()
  }

  /** Nothing is known yet; what is stored is vouched for from now on, for as long as it may be without the log. */
  start(): void {
    this.#heardAt = this.#clock.now()
    this.#home.replica.heard(false)
    this.#answer = this.#clock.after(LIMIT, () => this.#silent())
    this.#memory = this.#clock.after(this.#home.vouching.limit, () => this.#unvouched())
  }

  /** Milliseconds since the log was last known to its end. */
  get heard(): number {
    return this.#clock.now() - this.#heardAt
  }

  /** Whether no question had an answer for some time. */
  get failing(): boolean {
    return this.#failing
  }

  /** Whether the log was known to its end a moment ago. */
  get ready(): boolean {
    return this.#ready
  }

  /** Everything in the log is known here. */
  caughtUp(): void {
    if (this.#stopped) return
    this.#heardAt = this.#clock.now()
    if (this.#tier === null) this.#tier = this.#clock.after(LIMIT, () => this.#unheard())
    else this.#tier.refresh()
    this.#memory?.refresh()
    if (!this.#ready) {
      this.#ready = true
      this.#home.replica.heard(true)
    }
    if (this.#home.vouching.from !== Number.POSITIVE_INFINITY) this.#home.vouch(Number.POSITIVE_INFINITY)
  }

  /** Something was heard of the log. */
  answered(): void {
    if (this.#stopped) return
    this.#answer?.refresh()
    if (!this.#failing) return
    this.#failing = false
    this.#log.info({ event: 'fleet' }, 'the log of the fleet can be followed again')
  }

  /** A question had no answer. */
  failed(error: unknown): void {
    this.#why = error instanceof Error ? error.message : String(error)
  }

  stop(): void {
    this.#stopped = true
    this.#answer?.cancel()
    this.#tier?.cancel()
    this.#memory?.cancel()
  }

  #silent(): void {
    this.#failing = true
    this.#log.warn(
      { event: 'fleet', why: this.#why },
      'the log of the fleet cannot be followed: invalidations of other nodes do not arrive',
    )
  }

  #unheard(): void {
    this.#ready = false
    this.#home.replica.heard(false)
  }

  #unvouched(): void {
    this.#home.vouch(this.#clock.now())
    this.#log.warn(
      { event: 'fleet' },
      'the log of the fleet was not heard of for too long: what is stored is served once more and asked for anew',
    )
  }
}
