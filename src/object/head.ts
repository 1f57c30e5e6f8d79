/** Everything remembered under one primary key: its variants, who fetches, and who waits. */
import type { Claim, ClaimKind, ClaimOutcome, Waiter } from './claim.ts'
import { Filling } from './filling.ts'
import type { Flights } from './flights.ts'
import type { CachedObject } from './object.ts'
import { sharedNames } from './shared-text.ts'
import { type Slot, Spec } from './slot.ts'

export class Head {
  readonly key: string
  /** Position of the invalidation log up to which all that is here has been tested; each may have been tested further. */
  checked = 0
  /** The newest list of names: it predicts the Vary of the next answer. */
  #newest: Spec | null = null
  /** The others, from the newest to the oldest. Most keys have none. Replaced as a whole: exact arrays are small. */
  #older: readonly Spec[] = NO_SPECS
  #claims: Set<LocalClaim> | null = null

  constructor(key: string) {
    this.key = key
  }

  get empty(): boolean {
    return this.#newest === null && this.#claims === null
  }

  get newest(): Spec | null {
    return this.#newest
  }

  get older(): readonly Spec[] {
    return this.#older
  }

  /** From the newest to the oldest; a copy, so that they may go meanwhile. */
  get specs(): readonly Spec[] {
    return this.#newest === null ? NO_SPECS : [this.#newest, ...this.#older]
  }

  /** Fetches under way: those that may be joined, and those that were overtaken. */
  get claims(): Iterable<LocalClaim> {
    return this.#claims ?? NO_CLAIMS
  }

  get variants(): number {
    let count = 0
    for (const spec of this.specs) count += spec.size
    return count
  }

  find(names: readonly string[]): Spec | undefined {
    return this.specs.find((spec) => sameNames(spec.names, names))
  }

  /** The slot of a variant, made if it is new; its list of names is the newest from now on. */
  slot(names: readonly string[], variant: string): Slot {
    const spec = this.find(names) ?? new Spec(sharedNames(names))
    if (this.#newest !== spec) {
      const older = this.specs.filter((other) => other !== spec)
      this.#older = older.length === 0 ? NO_SPECS : older
      this.#newest = spec
    }
    return spec.get(variant) ?? spec.add(this, variant)
  }

  drop(slot: Slot): void {
    slot.spec.remove(slot)
    if (slot.spec.size > 0) return
    const [newest = null, ...older] = this.specs.filter((spec) => spec !== slot.spec)
    this.#newest = newest
    this.#older = older.length === 0 ? NO_SPECS : older
  }

  claim(claim: LocalClaim): void {
    this.#claims ??= new Set()
    this.#claims.add(claim)
  }

  leave(claim: LocalClaim): void {
    if (this.#claims?.delete(claim) === true && this.#claims.size === 0) this.#claims = null
  }
}

const NO_SPECS: readonly Spec[] = []
const NO_CLAIMS: readonly LocalClaim[] = []

/** A claim of the in-process table. */
export class LocalClaim implements Claim {
  readonly head: Head
  readonly kind: ClaimKind
  readonly range: string | null
  readonly names: readonly string[]
  readonly variant: string
  readonly credentialed: boolean
  readonly position: number
  readonly stale: CachedObject | null
  readonly part: CachedObject | null
  readonly attempt: number
  /** Waiters, with the position of the log when they came. */
  readonly queue: Map<Waiter, number> = new Map()
  readonly #flights: Flights
  /** Position of the invalidation log up to which it has been tested. */
  checked: number
  overtakenAt: number | null = null
  released = false

  constructor(
    head: Head,
    flights: Flights,
    init: Omit<Claim, 'key' | 'detached' | 'overtakenAt' | 'released' | 'waiters'> & { names: readonly string[]; variant: string },
  ) {
    this.head = head
    this.#flights = flights
    this.checked = init.position
    flights.begin(init.position)
    this.kind = init.kind
    this.range = init.range
    this.names = init.names
    this.variant = init.variant
    this.credentialed = init.credentialed
    this.position = init.position
    this.stale = init.stale
    this.part = init.part
    this.attempt = init.attempt
  }

  get key(): string {
    return this.head.key
  }

  get detached(): boolean {
    return this.overtakenAt !== null
  }

  get waiters(): number {
    return this.queue.size
  }

  /** An invalidation of the moment `at` overtakes it. */
  overtake(at: number): void {
    this.overtakenAt ??= at
  }

  /**
   * Ends it and tells the waiters, in order of arrival. `late`: what it brings was invalidated meanwhile, and whoever may have come
   * after that looks up again.
   */
  end(outcome: ClaimOutcome, late: boolean = this.detached): void {
    if (this.released) return
    this.released = true
    this.#flights.end(this.position)
    this.head.leave(this)
    this.#tell(outcome, late)
  }

  /** In slices, so that ten thousand waiters do not hold the loop up. Who leaves meanwhile has left the queue. */
  #tell(outcome: ClaimOutcome, late: boolean): void {
    let slice = SLICE
    for (const [waiter, position] of this.queue) {
      if (slice-- === 0) {
        // Those told later read from the first byte, too.
        const release = outcome.type === 'object' && outcome.object.body instanceof Filling ? outcome.object.body.hold() : null
        setImmediate(() => {
          this.#tell(outcome, late)
          release?.()
        })
        return
      }
      this.queue.delete(waiter)
      waiter.released(late && position > this.position ? AGAIN : outcome)
    }
  }
}

/** Waiters told in one go. */
const SLICE = 128
const AGAIN: ClaimOutcome = { type: 'again' }

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
