/** Texts that many entries have, such as variants and lists of Vary names: kept once, as long as they were met lately. */
import { LRUCache } from 'lru-cache'
import { ownText } from './own.ts'

/** Texts, and as many lists. */
const MOST = 1024
/** Characters; what is longer is hardly ever met again. */
const LONGEST = 256

const NONE: readonly string[] = Object.freeze([])
const texts = new LRUCache<string, string>({ max: MOST })
const lists = new LRUCache<string, readonly string[]>({ max: MOST })

/** The same text in memory of its own, which equal texts share. */
export function sharedText(text: string): string {
  if (text.length > LONGEST) return ownText(text)
  const known = texts.get(text)
  if (known !== undefined) return known
  const own = ownText(text)
  texts.set(own, own)
  return own
}

/** The same names in memory of their own, which equal lists share. None holds a comma. */
export function sharedNames(names: readonly string[]): readonly string[] {
  if (names.length === 0) return NONE
  const key = names.join()
  const known = lists.get(key)
  if (known !== undefined) return known
  const own = Object.freeze(names.map(ownText))
  if (key.length <= LONGEST) lists.set(ownText(key), own)
  return own
}
