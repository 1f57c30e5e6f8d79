/** What frames of objects and refusals begin with: under what they lie, how old they are by the fleet's log, how long they live. */
import { isToken } from '../wire/list.ts'
import { Doubt, type FrameReader, type FrameWriter } from './frame-bytes.ts'

/** Seconds of the longest life; RFC 9111 §1.2.2 caps delta-seconds there. */
export const LONGEST_LIFE: number = 2 ** 31

const LONGEST_KEY = 256 * 1024
const MOST_NAMES = 16
const LONGEST_NAME = 127

export interface Told {
  /** Primary key. */
  readonly key: string
  readonly names: readonly string[]
  readonly variant: string
  /** Position of the fleet's log when the fetch began. */
  readonly since: number
  /** Milliseconds that it had left to live when it was written. */
  readonly life: number
}

export function writePlace(writer: FrameWriter, { key, names, variant, since, life }: Told): void {
  writer.text(key)
  writer.texts(names)
  writer.text(variant)
  writer.numbers(since, life)
}

/** Throws `Doubt`. */
export function readPlace(reader: FrameReader): Told {
  const key = reader.text(LONGEST_KEY)
  const names = readNames(reader)
  const variant = reader.text(LONGEST_KEY)
  const since = reader.whole(Number.MAX_SAFE_INTEGER)
  return { key, names, variant, since, life: reader.whole(LONGEST_LIFE * 1000) }
}

/** Of a Vary list: in lower case, sorted, each once. */
export function readNames(reader: FrameReader): readonly string[] {
  const names = reader.texts(MOST_NAMES, LONGEST_NAME)
  for (const [index, name] of names.entries())
    if (!isToken(name) || name !== name.toLowerCase() || (index > 0 && name <= (names[index - 1] as string)))
      throw new Doubt('a list of names is not one')
  return names
}
