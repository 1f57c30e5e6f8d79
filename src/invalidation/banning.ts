/** Bans put to work: the list, the lurker that tests what is stored against it, and when a ban may be forgotten. */
import { parseBan } from '../../vcl-ts/ban.ts'
import type { Clock } from '../clock.ts'
import type { Counters } from '../counters.ts'
import type { BanView } from '../object/ban-view.ts'
import type { LocalTable } from '../object/local-table.ts'
import type { CachedObject } from '../object/object.ts'
import { banMatcher } from './ban-matcher.ts'
import type { Bans } from './bans.ts'
import type { BanInfo, Invalidated } from './invalidation.ts'
import { Lurker, type LurkerInit } from './lurker.ts'

/** What of the invalidation log it needs. */
export interface PositionedLog {
  readonly head: number
  /** Takes the next position for a ban. */
  ban(): number
}

export interface BanningInit {
  readonly bans: Bans
  readonly table: LocalTable
  readonly log: PositionedLog
  readonly clock: Clock
  readonly counters: Counters
  /** Seconds until the lurker begins to test objects against a ban; asked for each. Default 0. */
  readonly lurkerAge?: () => number
  /** Told when everything has been tested against the bans up to some position. */
  readonly tested?: () => void
  /** Position up to which bans may be forgotten, as far as others are concerned. Default: nobody else is. */
  readonly settled?: () => number
  /** Told when bans up to a position are done with. */
  readonly retired?: (position: number) => void
  /** Calls back when others have had their turn, default `setImmediate`. */
  readonly turn?: NonNullable<LurkerInit<CachedObject>['turn']>
}

/** Milliseconds that a ban is waited for before it is answered with what it has come to. */
const PATIENCE = 100

const everything = (): number => Number.POSITIVE_INFINITY

export class Banning {
  readonly #bans: Bans
  readonly #table: LocalTable
  readonly #log: PositionedLog
  readonly #clock: Clock
  readonly #lurker: Lurker<CachedObject>
  readonly #settled: () => number
  readonly #told: ((position: number) => void) | null

  constructor({ bans, table, log, clock, counters, lurkerAge = () => 0, turn, tested, settled, retired }: BanningInit) {
    this.#bans = bans
    this.#settled = settled ?? everything
    this.#told = retired ?? null
    this.#table = table
    this.#log = log
    this.#clock = clock
    this.#lurker = new Lurker({
      clock,
      counters,
      entries: () => table.present(),
      test: (object) => table.test(object),
      newest: () => bans.newest,
      tested: () => {
        tested?.()
        this.retire()
      },
      age: lurkerAge,
      ...(turn === undefined ? {} : { turn }),
    })
    table.flights.onLanded = () => this.retire()
  }

  /** In force when this returns. Throws a `BanError` or a `BanLimitError`. */
  ban(expression: string): Invalidated | Promise<Invalidated> {
    const ban = this.#bans.add(expression, this.#log.head + 1)
    const position = this.#log.ban()
    this.#lurker.added()
    const result = (): Invalidated => ({ objects: ban.objects, complete: this.#lurker.testedUpTo >= position, id: ban.id })
    const now = result()
    if (now.complete || this.#lurker.resting) return now
    return new Promise((resolve) => {
      const timer = this.#clock.after(PATIENCE, () => resolve(result()))
      void this.#lurker.until(position).then(() => {
        timer.cancel()
        resolve(result())
      })
    })
  }

  /** How many objects a ban would take now. Throws a `BanError`. */
  async count(expression: string): Promise<number> {
    const matches = banMatcher(parseBan(expression))
    return (await this.#table.countMatching((object: BanView) => matches(object))).objects
  }

  /** Newest first. */
  async list(): Promise<readonly BanInfo[]> {
    const untested = await this.#untested()
    return this.#bans.list((position) => {
      let references = 0
      for (const [checked, objects] of untested) if (checked < position) references += objects
      return references
    })
  }

  /** Position up to which everything has been tested; infinite when nothing is left to test. */
  get testedUpTo(): number {
    const { testedUpTo } = this.#lurker
    return testedUpTo >= this.#bans.newest ? Number.POSITIVE_INFINITY : testedUpTo
  }

  /** Of what is older than this position, nobody can tell any more whether a ban named it. */
  get forgotten(): number {
    return this.#bans.forgotten
  }

  /** Bans in force, oldest first. */
  get active(): Bans['active'] {
    return this.#bans.active
  }

  gauges(): ReturnType<Bans['gauges']> {
    return this.#bans.gauges()
  }

  /** Forgets the bans that are done with. */
  retire(): void {
    const bans = this.#bans
    if (bans.size === 0) return
    const { forgotten } = bans
    const tested = Math.min(this.#lurker.testedUpTo, this.#settled())
    bans.retire(tested, this.#table.flights.landedUpTo())
    if (bans.forgotten !== forgotten) this.#told?.(bans.forgotten)
  }

  stop(): void {
    this.#lurker.stop()
  }

  /** Of what has not been tested as far as the newest ban: how far, and how many objects. Many bans are compared with few positions. */
  async #untested(): Promise<ReadonlyMap<number, number>> {
    const { newest } = this.#bans
    const untested = new Map<number, number>()
    if (this.#lurker.testedUpTo >= newest) return untested
    await this.#table.look(({ checked }) => {
      if (checked < newest) untested.set(checked, (untested.get(checked) ?? 0) + 1)
    })
    return untested
  }
}
