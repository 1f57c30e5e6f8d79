/** The way to a backend that has a name: all its addresses in turn, by priority and weight, those that fail last. */
import type { Clock } from '../clock.ts'
import { OriginFailure } from './exchange.ts'
import type { Address, Answer, Names } from './names.ts'
import { type Place, type Route, tcpPlace } from './place.ts'

/** Whose connections go there. */
export interface RouteUser {
  /** Whether there are any, or are to be. */
  readonly inUse: boolean
  /** Those that lead elsewhere serve nobody else. */
  keepOnly(places: ReadonlySet<string>): void
}

/** Milliseconds for which a place that failed is passed over; each further failure doubles it, five times at most. */
const PASSED_OVER = 10_000
const DOUBLINGS = 5
/** Share of an SRV record with weight 0 (RFC 2782: a very small chance). */
const HARDLY = 0.001

interface Stop {
  readonly place: Place
  readonly priority: number
  readonly weight: number
  /** Of the turns taken by weight: the highest is next. */
  credit: number
  failedUntil: number
  /** In a row. */
  failures: number
}

export class NamedRoute implements Route {
  readonly #names: Names
  readonly #name: string
  readonly #port: number
  readonly #clock: Clock
  #user: RouteUser | null = null
  #answer: Answer | null
  #stops: Stop[] = []
  #waiting = new Set<() => void>()

  constructor(names: Names, name: string, port: number, clock: Clock) {
    this.#names = names
    this.#name = name
    this.#port = port
    this.#clock = clock
    this.#answer = names.watch(name, (answer) => this.#told(answer))
    if (this.#answer !== null) this.#arrange(this.#answer.addresses)
  }

  /** Connections of this user follow the name. */
  serve(user: RouteUser): void {
    this.#user = user
  }

  next(tried: ReadonlySet<string>, ready: () => void): Place | 'later' | OriginFailure | null {
    this.#names.want(this.#name)
    const answer = this.#answer
    if (answer === null || answer.state === 'resting') {
      this.#waiting.add(ready)
      return 'later'
    }
    if (answer.state === 'unknown') return new OriginFailure('dns', `${this.#name}: ${answer.trouble}`, true)
    return this.#turn(this.#stops.filter(({ place }) => !tried.has(place.name)))
  }

  left(tried: ReadonlySet<string>): number {
    return this.#stops.filter(({ place }) => !tried.has(place.name)).length
  }

  leadsTo(place: Place): boolean {
    return this.#stops.some((stop) => stop.place.name === place.name)
  }

  failed(place: Place): void {
    const now = this.#clock.now()
    for (const stop of this.#stops) {
      // Those that were under way to it fail together.
      if (stop.place.name !== place.name || stop.failedUntil > now) continue
      stop.failedUntil = now + PASSED_OVER * 2 ** Math.min(stop.failures++, DOUBLINGS)
    }
  }

  succeeded(place: Place): void {
    for (const stop of this.#stops) {
      if (stop.place.name !== place.name) continue
      stop.failedUntil = 0
      stop.failures = 0
    }
  }

  /** Among the first priority that has one which does not fail, in turn by weight; where all fail, among all of the first. */
  #turn(stops: readonly Stop[]): Place | null {
    const now = this.#clock.now()
    const healthy = stops.filter(({ failedUntil }) => failedUntil <= now)
    const candidates = healthy.length > 0 ? healthy : stops
    const first = Math.min(...candidates.map(({ priority }) => priority))
    let best: Stop | null = null
    let total = 0
    for (const stop of candidates) {
      if (stop.priority !== first) continue
      total += stop.weight
      stop.credit += stop.weight
      if (best === null || stop.credit > best.credit) best = stop
    }
    if (best === null) return null
    best.credit -= total
    return best.place
  }

  #told(answer: Answer): void {
    this.#answer = answer
    if (answer.state === 'known') {
      this.#arrange(answer.addresses)
      this.#user?.keepOnly(new Set(this.#stops.map(({ place }) => place.name)))
    }
    if (this.#user?.inUse === true) this.#names.want(this.#name)
    if (answer.state === 'resting') return
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const ready of waiting) ready()
  }

  #arrange(addresses: readonly Address[]): void {
    const before = new Map(this.#stops.map((stop) => [stop.place.name, stop]))
    this.#stops = addresses.map(({ host, port, priority, weight }) => {
      const place = tcpPlace(host, port ?? this.#port)
      const { credit = 0, failedUntil = 0, failures = 0 } = before.get(place.name) ?? {}
      return { place, priority, weight: weight === 0 ? HARDLY : weight, credit, failedUntil, failures }
    })
  }
}
