/** Body filters: code that sees the bytes of an answer as they pass. */

/**
 * Gives bytes on; text is sent as UTF-8. What it answers resolves when whoever reads is ready for more: a filter that makes much out of
 * little awaits it.
 */
export type Push = (bytes: Uint8Array | string) => Promise<void>

/**
 * A filter over one body. Its bytes come decoded, in order, in pieces of any size; what is not pushed is gone. It may answer promises: then
 * nothing more comes until they resolve. A throw, a rejection or a promise that takes longer than a hook may breaks the body off.
 */
export interface Filter {
  /** A piece of the body, to be read only. */
  chunk(bytes: Uint8Array, push: Push): void | Promise<void>
  /** The body is whole: the last chance to push. Not called when it broke off. */
  end?(push: Push): void | Promise<void>
  /** Called once, at the very end, whatever happened. */
  close?(): void
}

/** A filter for this one body, or a function that makes one: what an object in a stored answer's way remembers must not outlive it. */
export type FilterSource = Filter | (() => Filter)

/** Replaces every occurrence of a text by another, also where it comes in two pieces. Both are matched and sent as UTF-8. */
export function replaceText(search: string, replacement: string): () => Filter {
  const wanted = bytesOf(search)
  const other = bytesOf(replacement)
  if (wanted.length === 0) throw new TypeError('replaceText: give the text to be replaced; it was empty')
  return () => new Replacing(wanted, other)
}

class Replacing implements Filter {
  readonly #wanted: Uint8Array
  readonly #other: Uint8Array
  /** The end of what came, as far as an occurrence may begin in it: shorter than what is wanted. */
  #held: Uint8Array = new Uint8Array(0)

  constructor(wanted: Uint8Array, other: Uint8Array) {
    this.#wanted = wanted
    this.#other = other
  }

  async chunk(bytes: Uint8Array, push: Push): Promise<void> {
    const all = joined(this.#held, bytes)
    const wanted = this.#wanted
    let from = 0
    for (let at = indexOf(all, wanted, 0); at >= 0; at = indexOf(all, wanted, from)) {
      if (at > from) await push(all.subarray(from, at))
      await push(this.#other)
      from = at + wanted.length
    }
    const rest = all.subarray(from)
    const keep = overlap(rest, wanted)
    if (keep < rest.length) await push(rest.subarray(0, rest.length - keep))
    this.#held = rest.slice(rest.length - keep)
  }

  async end(push: Push): Promise<void> {
    if (this.#held.length > 0) await push(this.#held)
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const all = new Uint8Array(first.length + second.length)
  all.set(first)
  all.set(second, first.length)
  return all
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  const last = bytes.length - wanted.length
  for (let at = bytes.indexOf(wanted[0] as number, from); at >= 0 && at <= last; at = bytes.indexOf(wanted[0] as number, at + 1))
    if (matches(bytes, at, wanted, wanted.length)) return at
  return -1
}

/** How many bytes at the end are the beginning of what is wanted. */
function overlap(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let length = Math.min(bytes.length, wanted.length - 1); length > 0; length--)
    if (matches(bytes, bytes.length - length, wanted, length)) return length
  return 0
}

function matches(bytes: Uint8Array, at: number, wanted: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}
