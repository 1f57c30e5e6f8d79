/** What a page is made of: text, and includes between. Made once of a body that is whole, and kept as long as it is among those made last. */
import { EsiParser, type Include } from './parser.ts'

export interface Plan {
  readonly pieces: readonly (Buffer | Include)[]
  /** Nothing of the page is ESI: it is what it was. */
  readonly plain: boolean
  readonly errors: number
  readonly warnings: number
}

/** Plans that are kept in a thread at the most. One of ten includes takes some 5 KiB; its text is the body's own. */
const KEPT = 512

interface Kept {
  plan: Plan | null
  readonly anyText: boolean
}

const kept = new WeakMap<object, Kept>()
/** Weakly: a body that is gone takes its plan along, which refers to its bytes. */
const latest: (WeakRef<Kept> | undefined)[] = []
let oldest = 0

/** The plan of a body that does not change, of which `segments` gives the bytes. Told whether it was made just now. */
export function planOf(body: object, segments: () => readonly Buffer[], anyText: boolean): { readonly plan: Plan; readonly made: boolean } {
  const known = kept.get(body)
  if (known !== undefined && known.plan !== null && known.anyText === anyText) return { plan: known.plan, made: false }
  const plan = makePlan(segments(), anyText)
  const entry: Kept = { plan, anyText }
  kept.set(body, entry)
  const before = latest[oldest]?.deref()
  if (before !== undefined) before.plan = null
  latest[oldest] = new WeakRef(entry)
  oldest = (oldest + 1) % KEPT
  return { plan, made: true }
}

export function makePlan(segments: readonly Buffer[], anyText: boolean = false): Plan {
  const pieces: (Buffer | Include)[] = []
  const parser = new EsiParser({ text: (bytes) => void pieces.push(bytes), include: (include) => void pieces.push(include) }, anyText)
  let length = 0
  for (const bytes of segments) {
    length += bytes.length
    parser.feed(bytes)
  }
  parser.end()
  let text = 0
  for (const piece of pieces) if (piece instanceof Uint8Array) text += piece.length
  const { errors, warnings } = parser
  return { pieces, plain: text === length && pieces.every((piece) => piece instanceof Uint8Array), errors, warnings }
}
