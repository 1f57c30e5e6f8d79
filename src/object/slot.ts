/** One variant under a key, and the list of Vary names that told it from others. */
import type { Head } from './head.ts'
import type { CachedObject, Marker } from './object.ts'
import { sharedText } from './shared-text.ts'

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

/** A list of Vary names that some answer under this key had, and the variants stored under it. Most have one: that needs no map. */
export class Spec {
  readonly names: readonly string[]
  #only: Slot | null = null
  #many: Map<string, Slot> | null = null

  constructor(names: readonly string[]) {
    this.names = names
  }

  get size(): number {
    return this.#many === null ? (this.#only === null ? 0 : 1) : this.#many.size
  }

  get(variant: string): Slot | undefined {
    if (this.#many !== null) return this.#many.get(variant)
    return this.#only !== null && this.#only.variant === variant ? this.#only : undefined
  }

  /** The slot of a variant that has none. */
  add(head: Head, variant: string): Slot {
    const slot = new Slot(head, this, sharedText(variant))
    if (this.#many === null && this.#only === null) this.#only = slot
    else {
      this.#many ??= this.#only === null ? new Map() : new Map([[this.#only.variant, this.#only]])
      this.#many.set(slot.variant, slot)
      this.#only = null
    }
    return slot
  }

  remove(slot: Slot): void {
    if (this.#many === null) {
      if (this.#only === slot) this.#only = null
    } else if (this.#many.get(slot.variant) === slot) this.#many.delete(slot.variant)
  }

  /** From the oldest to the newest; a copy, so that they may go meanwhile. */
  get slots(): readonly Slot[] {
    return this.#many === null ? (this.#only === null ? NONE : [this.#only]) : [...this.#many.values()]
  }
}

const NONE: readonly Slot[] = []
