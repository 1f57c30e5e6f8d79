/**
 * Names resolved here, once for the whole process: as often as their records say while somebody uses them, never more often than once a
 * second. What was good stays in use for ten minutes behind its time when nobody answers, or answers that there is nothing.
 */
import type { Clock, Timer } from '../clock.ts'
import type { EventLog } from '../log.ts'
import { createLookup, type Found, type Lookup, type LookupOptions, troubleOf } from './lookup.ts'
import type { Address, Answer, Names } from './names.ts'

export interface ResolvedNamesInit extends LookupOptions {
  readonly clock: Clock
  readonly log: EventLog
}

/** Bounds of a TTL, and of the pause after a failure, which doubles; milliseconds. */
const SHORTEST = 1000
const LONGEST = 3_600_000
const LONGEST_PAUSE = 5000
/** How long old addresses stay in use behind their time. */
const KEPT = 600_000
/** After which a lookup counts as failed, though its answer is still taken when it comes. */
const PATIENCE = 5000

export function resolvedNames(init: ResolvedNamesInit): Names {
  const entries = new Map<string, Entry>()
  const entry = (name: string): Entry => {
    const found = entries.get(name) ?? new Entry(name, init)
    entries.set(name, found)
    return found
  }
  return {
    watch: (name, told) => entry(name).watch(told),
    want: (name) => entry(name).want(),
    close() {
      for (const each of entries.values()) each.close()
      entries.clear()
    },
  }
}

class Entry {
  readonly #name: string
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #lookup: Lookup
  readonly #told: ((answer: Answer) => void)[] = []
  #answer: Answer | null = null
  /** Until when its addresses may be used though nobody confirms them. */
  #keptUntil = 0
  #failures = 0
  /** Whether somebody has wanted it since it was resolved last. */
  #wanted = false
  #underWay = false
  /** The lookup under way has counted as failed already. */
  #late = false
  #timer: Timer | null = null
  #closed = false

  constructor(name: string, { clock, log, servers }: ResolvedNamesInit) {
    this.#name = name
    this.#clock = clock
    this.#log = log
    this.#lookup = createLookup({ servers })
  }

  watch(told: (answer: Answer) => void): Answer | null {
    this.#told.push(told)
    return this.#answer
  }

  want(): void {
    this.#wanted = true
    // Otherwise its turn comes. One that the system still looks for is not looked for twice.
    if (this.#timer === null && !this.#underWay && !this.#closed) this.#begin()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#lookup.cancel()
  }

  #begin(): void {
    this.#underWay = true
    this.#late = false
    this.#wanted = false
    this.#after(PATIENCE, () => {
      this.#late = true
      this.#lookup.cancel()
      this.#failed('no answer in time')
    })
    this.#lookup.find(this.#name).then(
      (found) => {
        this.#underWay = false
        if (!this.#closed) this.#found(found)
      },
      (error: unknown) => {
        this.#underWay = false
        if (this.#closed) return
        if (!this.#late) this.#failed(troubleOf(error))
        else if (this.#wanted && this.#timer === null) this.#begin()
      },
    )
  }

  #found({ addresses, ttl }: Found): void {
    const holds = Math.min(Math.max(ttl * 1000, SHORTEST), LONGEST)
    this.#keptUntil = this.#clock.now() + holds + KEPT
    if (this.#failures > 0) this.#log.info({ event: 'name', name: this.#name }, 'a name is resolved again')
    this.#failures = 0
    this.#tell({ state: 'known', addresses: inOrder(addresses), trouble: '' }, holds)
  }

  #failed(trouble: string): void {
    const now = this.#clock.now()
    const addresses = this.#answer?.addresses ?? []
    const state = addresses.length > 0 && now < this.#keptUntil ? 'known' : 'unknown'
    if (this.#failures === 0) this.#log.warn({ event: 'name', name: this.#name, trouble, kept: addresses.length }, 'a name is not resolved')
    const pause = Math.min(SHORTEST * 2 ** this.#failures, LONGEST_PAUSE)
    this.#failures = Math.min(this.#failures + 1, 10)
    this.#tell(
      { state, addresses: state === 'known' ? addresses : [], trouble },
      state === 'known' ? Math.min(pause, this.#keptUntil - now) : pause,
    )
  }

  /** Who is told, and uses it, wants it again when its time is over. */
  #tell(answer: Answer, ms: number): void {
    this.#rest(ms)
    this.#inform(answer)
  }

  #rest(ms: number): void {
    this.#after(ms, () => {
      if (this.#wanted) {
        if (this.#underWay) this.#rest(LONGEST_PAUSE)
        else this.#begin()
      } else if (this.#answer !== null) this.#inform({ ...this.#answer, state: 'resting' })
    })
  }

  #inform(answer: Answer): void {
    this.#answer = answer
    for (const told of this.#told) told(answer)
  }

  #after(ms: number, then: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = null
      then()
    })
  }
}

/** Each once, so that equal answers are equal. */
function inOrder(addresses: readonly Address[]): readonly Address[] {
  const text = ({ priority, host, port }: Address): string => `${priority} ${host} ${port ?? ''}`
  const once = new Map(addresses.map((address) => [text(address), address]))
  return [...once.keys()].sort().map((key) => once.get(key) as Address)
}
