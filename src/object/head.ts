/** Everything remembered under one primary key: its variants, who fetches, and who waits. */
import type { Claim, ClaimKind, ClaimOutcome, Waiter } from './claim.ts'
import { Filling } from './filling.ts'
import type { Flights } from './flights.ts'
import { sameNames } from './names.ts'
import type { CachedObject } from './object.ts'
import { sharedNames } from './shared-text.ts'
import { type Slot, Spec } from './slot.ts'

export class Head extends Spec {
  readonly key: string
  /** Position of the invalidation log up to which all that is here has been tested; each may have been tested further. */
  checked = 0

  constructor(key: string) {
    super(NO_NAMES)
    this.key = key
  }

  override get head(): Head {
    return this
  }

  /** Nothing is kept, arriving or on its way. */
  get empty(): boolean {
    return this.newest === null && (this.besides === null || this.besides.claims === null)
  }

  /** The newest list of names: it predicts the Vary of the next answer. */
  get newest(): Spec | null {
    const { besides } = this
    if (besides !== null && besides.specs !== null) return besides.specs[0] ?? null
    return this.size > 0 ? this : null
  }

  /** The others, from the newest to the oldest. */
  get older(): readonly Spec[] {
    const { besides } = this
    return besides === null || besides.specs === null ? NO_SPECS : besides.specs.slice(1)
  }

  /** From the newest to the oldest; never changed, so that they may go meanwhile. */
  get specs(): readonly Spec[] {
    const { besides } = this
    if (besides !== null && besides.specs !== null) return besides.specs
    return this.size > 0 ? [this] : NO_SPECS
  }

  /** Whether there is nothing beside `whole`, and perhaps not even that. */
  get plain(): boolean {
    return this.besides === null
  }

  /** Fetches under way: those that may be joined, and those that were overtaken. */
  get claims(): Iterable<LocalClaim> {
    return this.besides === null || this.besides.claims === null ? NO_CLAIMS : this.besides.claims
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
    const { specs } = this
    const spec = this.find(names) ?? this.begin(names)
    if (specs[0] !== spec && (specs.length > 0 || spec !== this)) this.more().specs = [spec, ...specs.filter((other) => other !== spec)]
    return spec.get(variant) ?? spec.add(this, variant)
  }

  drop(slot: Slot): void {
    const { spec } = slot
    const { specs } = this
    spec.remove(slot)
    if (spec.size > 0 || this.besides === null || this.besides.specs === null) return
    const left = specs.filter((other) => other !== spec)
    this.besides.specs = left.length === 0 || (left.length === 1 && left[0] === this) ? null : left
    this.tidy()
  }

  claim(claim: LocalClaim): void {
    const besides = this.more()
    besides.claims ??= new Set()
    besides.claims.add(claim)
  }

  leave(claim: LocalClaim): void {
    if (this.besides === null || this.besides.claims === null) return
    this.besides.claims.delete(claim)
    if (this.besides.claims.size > 0) return
    this.besides.claims = null
    this.tidy()
  }

  protected override noteAlone(): void {
    const { whole } = this
    if (whole !== null) whole.alone = this.besides === null && this.names.length === 0 ? this.text : null
  }

  protected begin(names: readonly string[]): Spec {
    if (this.text !== null) return new FurtherSpec(this, sharedNames(names))
    this.names = sharedNames(names)
    return this
  }
}

const NO_SPECS: readonly Spec[] = []
const NO_CLAIMS: readonly LocalClaim[] = []
const NO_NAMES: readonly string[] = []

/** A list of names beside the first one of its key. */
class FurtherSpec extends Spec {
  override readonly head: Head

  constructor(head: Head, names: readonly string[]) {
    super(names)
    this.head = head
  }
}

/** A claim of the in-process table. */
export class LocalClaim implements Claim {
  readonly head: Head
  readonly kind: ClaimKind
  readonly range: string | null
  readonly names: readonly string[]
  readonly variant: string
  readonly credentialed: boolean
  readonly position: number
  stale: CachedObject | null
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
   * after that looks up again. What another worker brings may be older than the claim itself.
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
    const began = outcome.type === 'object' ? Math.min(this.position, outcome.object.position) : this.position
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
      waiter.released(late && position > began ? AGAIN : outcome)
    }
  }
}

/** Waiters told in one go. */
const SLICE = 128
const AGAIN: ClaimOutcome = { type: 'again' }
