/**
 * The hosts that were asked for lately, each as one string. A host is compared several times on a request's way, as part of the key too:
 * where it is the same string each time, its address tells.
 */

const PLACES = 256

interface RecentHost {
  readonly text: string
  readonly bytes: Uint8Array
}

export class RecentHosts {
  readonly #places: (RecentHost | null)[] = new Array<RecentHost | null>(PLACES).fill(null)

  /** The string of the host that stands there, if it was remembered. */
  find(bytes: Uint8Array, from: number, to: number): string | null {
    const host = this.#places[placeOf(bytes, from, to)]
    if (host === null || host === undefined || host.bytes.length !== to - from) return null
    for (let at = from; at < to; at++) if (bytes[at] !== host.bytes[at - from]) return null
    return host.text
  }

  /** A string of its own of the host that stands there, in place of another one that would have its place. */
  remember(bytes: Buffer, from: number, to: number): string {
    const text = bytes.toString('latin1', from, to)
    this.#places[placeOf(bytes, from, to)] = { text, bytes: Uint8Array.from(bytes.subarray(from, to)) }
    return text
  }
}

/** By the length and two of the bytes. */
function placeOf(bytes: Uint8Array, from: number, to: number): number {
  return ((to - from) * 29 + (bytes[from] ?? 0) * 5 + (bytes[to - 1] ?? 0) * 11) & (PLACES - 1)
}
