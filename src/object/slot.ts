/**
 * One variant under a key, and the list of Vary names that told it from others. Most keys have one list and most lists one variant, so a list
 * has room in itself for its first variant, and the head of a key for its first list: all three are one object then.
 */
import type { Head, LocalClaim } from './head.ts'
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'
import { sharedText } from './shared-text.ts'

/** What a slot, a list or a head has besides, at times; one shape for all. */
export class Besides {
  part: CachedObject | null = null
  filling: CachedObject | null = null
  anonymousMarker: Marker | null = null
  credentialedMarker: Marker | null = null
  /** Of a list: its own slot has been dropped. It is not used again, since who still has it takes it for what it was. */
  over = false
  /** Of a list: its further slots. */
  slots: Slot | Map<string, Slot> | null = null
  /** Of a head: its lists from the newest to the oldest, unless its own is the only one there was. */
  specs: readonly Spec[] | null = null
  /** Of a head: fetches under way. */
  claims: Set<LocalClaim> | null = null

  get needless(): boolean {
    return (
      this.filling === null &&
      this.claims === null &&
      this.slots === null &&
      this.anonymousMarker === null &&
      this.credentialedMarker === null &&
      this.part === null &&
      this.specs === null &&
      !this.over
    )
  }
}

/** Of a list whose own slot has been dropped, and which has nothing besides: one for all, never changed. */
const OVER = new Besides()
OVER.over = true

/** One variant: what the Vary values of its `spec` select. */
export abstract class Slot {
  #whole: CachedObject | null = null
  /** `null`: nothing was ever here. */
  protected text: string | null
  protected besides: Besides | null = null

  constructor(variant: string | null) {
    this.text = variant
  }

  abstract readonly head: Head
  abstract readonly spec: Spec

  get variant(): string {
    return this.text ?? ''
  }

  get whole(): CachedObject | null {
    return this.#whole
  }

  set whole(object: CachedObject | null) {
    if (this.#whole !== null) this.#whole.alone = null
    this.#whole = object
    this.noteAlone()
  }

  get part(): CachedObject | null {
    return this.besides === null ? null : this.besides.part
  }

  set part(part: CachedObject | null) {
    if (part === null && this.besides === null) return
    this.more().part = part
    this.tidy()
  }

  /** Readable but still arriving. */
  get filling(): CachedObject | null {
    return this.besides === null ? null : this.besides.filling
  }

  set filling(filling: CachedObject | null) {
    if (filling === null && this.besides === null) return
    this.more().filling = filling
    this.tidy()
  }

  get anonymousMarker(): Marker | null {
    return this.besides === null ? null : this.besides.anonymousMarker
  }

  set anonymousMarker(marker: Marker | null) {
    if (marker === null && this.besides === null) return
    this.more().anonymousMarker = marker
    this.tidy()
  }

  get credentialedMarker(): Marker | null {
    return this.besides === null ? null : this.besides.credentialedMarker
  }

  set credentialedMarker(marker: Marker | null) {
    if (marker === null && this.besides === null) return
    this.more().credentialedMarker = marker
    this.tidy()
  }

  /** Nothing is kept here or arriving. */
  get bare(): boolean {
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

  protected more(): Besides {
    const { besides } = this
    if (besides !== null && besides !== OVER) return besides
    const more = new Besides()
    more.over = besides === OVER
    this.besides = more
    this.noteAlone()
    return more
  }

  /** Lets go of what it had besides once it has nothing. */
  protected tidy(): void {
    if (this.besides?.needless !== true) return
    this.besides = null
    this.noteAlone()
  }

  /** What it holds, or whether it has anything besides, has changed: `whole` is told whether it is all that there is under its key. */
  protected noteAlone(): void {}
}

/** A list of Vary names that some answer under this key had, and the variants stored under it. As a slot it is its first variant. */
export abstract class Spec extends Slot {
  names: readonly string[]

  constructor(names: readonly string[]) {
    super(null)
    this.names = names
  }

  override get spec(): Spec {
    return this
  }

  get size(): number {
    const own = this.inUse ? 1 : 0
    const slots = this.besides === null ? null : this.besides.slots
    return own + (slots === null ? 0 : slots instanceof Map ? slots.size : 1)
  }

  get(variant: string): Slot | undefined {
    if (this.text === variant && this.inUse) return this
    if (this.besides === null) return undefined
    const { slots } = this.besides
    if (slots instanceof Map) return slots.get(variant)
    return slots !== null && slots.variant === variant ? slots : undefined
  }

  /** The slot of a variant that has none. */
  add(_head: Head, variant: string): Slot {
    const text = sharedText(variant)
    if (this.text === null) {
      this.text = text
      return this
    }
    const slot = new FurtherSlot(this, text)
    const besides = this.more()
    const { slots } = besides
    if (slots === null) besides.slots = slot
    else if (slots instanceof Map) slots.set(text, slot)
    else
      besides.slots = new Map([
        [slots.variant, slots],
        [text, slot],
      ])
    return slot
  }

  remove(slot: Slot): void {
    if (slot === this) {
      if (this.text === null) return
      if (this.besides === null) this.besides = OVER
      else this.more().over = true
      return
    }
    const { besides } = this
    if (besides === null) return
    const { slots } = besides
    if (slots instanceof Map && slots.get(slot.variant) === slot) slots.delete(slot.variant)
    if (slots === slot || (slots instanceof Map && slots.size === 0)) besides.slots = null
    this.tidy()
  }

  /** From the oldest to the newest; a copy, so that they may go meanwhile. */
  get slots(): readonly Slot[] {
    const further = this.besides === null ? null : this.besides.slots
    const slots: Slot[] = this.inUse ? [this] : []
    if (further instanceof Map) slots.push(...further.values())
    else if (further !== null) slots.push(further)
    return slots
  }

  /** Whether its own slot is. */
  protected get inUse(): boolean {
    return this.text !== null && (this.besides === null || !this.besides.over)
  }
}

/** A variant beside the first one of its list. */
class FurtherSlot extends Slot {
  override readonly spec: Spec

  constructor(spec: Spec, variant: string) {
    super(variant)
    this.spec = spec
  }

  override get head(): Head {
    return this.spec.head
  }
}
