/** A stored object as a ban sees it: what its answer said, and what its request was told from others by. */
import { variantField } from '../wire/vary.ts'
import { type Place, placeOf } from './key-text.ts'
import type { CachedObject } from './object.ts'

/** What the table needs of the list of bans. */
export interface BanTests {
  /** Position of the newest one in force; 0: there is none. */
  readonly newest: number
  /** Of what is older than this, nobody can tell any more whether a ban named it. */
  readonly forgotten: number
  /** Whether one that is newer than the position `since` names the object, which is gone then. */
  matches(object: BanView, since: number, byLurker: boolean): boolean
  /** The same, and nothing comes of it. */
  names(object: BanView, since: number): boolean
}

export const NO_BANS: BanTests = { newest: 0, forgotten: 0, matches: () => false, names: () => false }

export class BanView {
  readonly #object: CachedObject
  readonly #names: readonly string[]
  readonly #variant: string
  readonly #now: number
  /** Read once, since a thousand bans may ask for it. */
  #place: Place | null = null

  constructor(object: CachedObject, names: readonly string[], variant: string, now: number) {
    this.#object = object
    this.#names = names
    this.#variant = variant
    this.#now = now
  }

  /** `''` where nothing tells it. */
  get url(): string {
    return this.#placed.url
  }

  get host(): string {
    return this.#placed.host
  }

  get status(): number {
    return this.#object.status
  }

  /** A field of the answer, all its lines; `name` in lower case. */
  header(name: string): string | undefined {
    return this.#object.headers.joined(name)
  }

  /** A field of the request, as Vary compares it; `undefined` when it was absent or Vary does not name it. */
  requestHeader(name: string): string | undefined {
    return this.#names.includes(name) ? variantField(this.#variant, name) : undefined
  }

  hasTag(tag: string): boolean {
    return this.#object.tags.includes(tag)
  }

  /** Seconds, as are the others. */
  get age(): number {
    return this.#object.age(this.#now)
  }

  /** What is left of it now; negative when it is stale. */
  get ttl(): number {
    return this.#object.left(this.#now)
  }

  get grace(): number {
    return this.#object.grace
  }

  get keep(): number {
    return this.#object.keep
  }

  get #placed(): Place {
    this.#place ??= this.#object.target ?? placeOf(this.#object.key) ?? NOWHERE
    return this.#place
  }
}

const NOWHERE: Place = { url: '', host: '' }
