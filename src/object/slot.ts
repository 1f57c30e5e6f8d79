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
  #slots: Slot | Map<string, Slot> | null = null

  constructor(names: readonly string[]) {
    this.names = names
  }

  get size(): number {
    const slots = this.#slots
    return slots === null ? 0 : slots instanceof Slot ? 1 : slots.size
  }

  get(variant: string): Slot | undefined {
    const slots = this.#slots
    if (slots instanceof Slot) return slots.variant === variant ? slots : undefined
    return slots?.get(variant)
  }

  /** The slot of a variant that has none. */
  add(head: Head, variant: string): Slot {
    const slot = new Slot(head, this, sharedText(variant))
    const slots = this.#slots
    if (slots === null) this.#slots = slot
    else if (slots instanceof Slot)
      this.#slots = new Map([
        [slots.variant, slots],
        [slot.variant, slot],
      ])
    else slots.set(slot.variant, slot)
    return slot
  }

  remove(slot: Slot): void {
    const slots = this.#slots
    if (slots === slot) this.#slots = null
    else if (slots instanceof Map && slots.get(slot.variant) === slot) slots.delete(slot.variant)
  }

  /** From the oldest to the newest; a copy, so that they may go meanwhile. */
  get slots(): readonly Slot[] {
    const slots = this.#slots
    return slots === null ? NONE : slots instanceof Slot ? [slots] : [...slots.values()]
  }
}

const NONE: readonly Slot[] = []
