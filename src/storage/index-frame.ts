/** Which lists of Vary names lead to variants of a key, the newest first. */
import { Doubt, FrameReader, FrameWriter } from './frame-bytes.ts'
import { readNames } from './frame-place.ts'

/** Lists of one key; the oldest goes. */
export const MOST_LISTS = 4
const LONGEST_KEY: number = 256 * 1024

export interface IndexFrame {
  /** Primary key. */
  readonly key: string
  readonly lists: readonly (readonly string[])[]
}

export function writeIndex({ key, lists }: IndexFrame): Buffer {
  const writer = new FrameWriter()
  writer.text(key)
  writer.byte(lists.length)
  for (const names of lists) writer.texts(names)
  return writer.bytes
}

/** Throws `Doubt`. */
export function readIndex(told: Buffer): IndexFrame {
  const reader = new FrameReader(told)
  const key = reader.text(LONGEST_KEY)
  const count = reader.byte()
  if (count === 0 || count > MOST_LISTS) throw new Doubt('there are no lists, or too many')
  const lists: (readonly string[])[] = []
  for (let i = 0; i < count; i++) lists.push(readNames(reader))
  if (reader.left > 0 || lists.some((names) => names.length === 0)) throw new Doubt('it is no index')
  return { key, lists }
}

/** The lists with one that is the newest now. */
export function withList(lists: readonly (readonly string[])[], names: readonly string[]): readonly (readonly string[])[] {
  const text = names.join()
  return [names, ...lists.filter((other) => other.join() !== text)].slice(0, MOST_LISTS)
}
