/** Under which keys of Redis what belongs to a primary key lies: all in one slot, by a hash tag. Names tell nothing of what they stand for. */

import { plainVariant } from '../wire/vary.ts'
import { FRAME_VERSION } from './frame.ts'

/** What makes names. */
export interface FrameNames {
  name(text: string): string
}

const MOST_PLAIN = 64

export class RedisKeys {
  readonly #names: FrameNames
  readonly #prefix: string
  /** Names of schemes, and of arms of splits: few, and asked for with every look-up. */
  readonly #plain = new Map<string, string>()
  /** Where it is told that claims have ended. */
  readonly claims: string

  constructor(names: FrameNames, prefix: string) {
    this.#names = names
    this.#prefix = prefix
    this.claims = prefix + names.name('claims')
  }

  /**
   * Of a primary key and what any variant begins with, such as the scheme: its object without Vary, or its index. Each version of frames has
   * its own, so that versions live side by side.
   */
  base(primary: string, variant: string): string {
    const base = `${this.#prefix}{${this.#names.name(`${FRAME_VERSION} ${primary}`)}}`
    const plain = plainVariant(variant)
    return plain === '' ? base : `${base}:s${this.#plainName(plain)}`
  }

  /** Of an object, or a refusal for requests without credentials. */
  object(base: string, names: readonly string[], variant: string): string {
    return names.length === 0 ? base : `${base}:v${this.#variant(names, variant)}`
  }

  /** Of a refusal. */
  refusal(base: string, names: readonly string[], variant: string, credentialed: boolean): string {
    if (!credentialed) return this.object(base, names, variant)
    return names.length === 0 ? `${base}:c` : `${base}:vc${this.#variant(names, variant)}`
  }

  chunk(object: string, index: number): string {
    return `${object}:${index}`
  }

  /** Of the claim to fetch what lies there, or to be refused there. */
  lock(place: string): string {
    return `${place}:l`
  }

  #plainName(plain: string): string {
    const known = this.#plain.get(plain)
    if (known !== undefined) return known
    const name = this.#names.name(plain)
    if (this.#plain.size < MOST_PLAIN) this.#plain.set(plain, name)
    return name
  }

  #variant(names: readonly string[], variant: string): string {
    return this.#names.name(`${names.join()} ${variant}`)
  }
}
