/** Everything remembered under one primary key: its variants, who fetches, and who waits. */
import type { Claim, ClaimKind, ClaimOutcome, Waiter } from './claim.ts'
import { Filling } from './filling.ts'
import type { CachedObject, Marker } from './object.ts'
import { ownText } from './own.ts'

/** One variant: what the Vary values of its `spec` select. */
export class Slot {
  readonly head: Head
  readonly spec: Spec
  readonly variant: string
  whole: CachedObject | null = null
  part: CachedObject | null = null
  /** Readable but still arriving. */
  filling: CachedObject | null = null
  anonymousMarker: Marker | null = null
  credentialedMarker: Marker | null = null

  constructor(head: Head, spec: Spec, variant: string) {
    this.head = head
    this.spec = spec
    this.variant = variant
  }

  get empty(): boolean {
    return (
      this.whole === null &&
      this.part === null &&
      this.filling === null &&
      this.anonymousMarker === null &&
      this.credentialedMarker === null
    )
  }

  marker(credentialed: boolean): Marker | null {
    return credentialed ? this.credentialedMarker : this.anonymousMarker
  }
}

/** A list of Vary names that some answer under this key had, and the variants stored under it. */
export class Spec {
  readonly names: readonly string[]
  readonly slots: Map<string, Slot> = new Map()

  constructor(names: readonly string[]) {
    this.names = names
  }
}

export class Head {
  readonly key: string
  /** The newest list of names first: it predicts the Vary of the next answer. */
  readonly specs: Spec[] = []
  readonly claims: LocalClaim[] = []

  constructor(key: string) {
    this.key = key
  }

  get empty(): boolean {
    return this.specs.length === 0 && this.claims.length === 0
  }

  get variants(): number {
    let count = 0
    for (const spec of this.specs) count += spec.slots.size
    return count
  }

  /** The spec of those names, made if it is new, and first from now on. */
  spec(names: readonly string[]): Spec {
    const at = this.specs.findIndex((spec) => sameNames(spec.names, names))
    const spec = at < 0 ? new Spec(names.map(ownText)) : (this.specs[at] as Spec)
    if (at > 0) this.specs.splice(at, 1)
    if (at !== 0) this.specs.unshift(spec)
    return spec
  }

  slot(names: readonly string[], variant: string): Slot {
    const spec = this.spec(names)
    let slot = spec.slots.get(variant)
    if (slot === undefined) {
      slot = new Slot(this, spec, ownText(variant))
      spec.slots.set(slot.variant, slot)
    }
    return slot
  }

  drop(slot: Slot): void {
    slot.spec.slots.delete(slot.variant)
    if (slot.spec.slots.size === 0) this.specs.splice(this.specs.indexOf(slot.spec), 1)
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
  readonly stale: CachedObject | null
  readonly part: CachedObject | null
  readonly attempt: number
  readonly queue: Set<Waiter> = new Set()
  detached = false
  released = false

  constructor(head: Head, init: Omit<Claim, 'key' | 'detached' | 'released' | 'waiters'> & { names: readonly string[]; variant: string }) {
    this.head = head
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

  get waiters(): number {
    return this.queue.size
  }

  /** Ends it and tells the waiters, in order of arrival. */
  end(outcome: ClaimOutcome): void {
    if (this.released) return
    this.released = true
    const at = this.head.claims.indexOf(this)
    if (at >= 0) this.head.claims.splice(at, 1)
    this.#tell(outcome)
  }

  /** In slices, so that ten thousand waiters do not hold the loop up. Who leaves meanwhile has left the queue. */
  #tell(outcome: ClaimOutcome): void {
    let slice = SLICE
    for (const waiter of this.queue) {
      if (slice-- === 0) {
        // Those told later read from the first byte, too.
        const release = outcome.type === 'object' && outcome.object.body instanceof Filling ? outcome.object.body.hold() : null
        setImmediate(() => {
          this.#tell(outcome)
          release?.()
        })
        return
      }
      this.queue.delete(waiter)
      waiter.released(outcome)
    }
  }
}

/** Waiters told in one go. */
const SLICE = 128

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
