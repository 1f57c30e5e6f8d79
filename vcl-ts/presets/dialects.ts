/** Pieces of what the plugins of several systems send when content has changed. */
import { type Purge, type Synth, verbs } from '../actions.ts'
import { checkBan, quoteForBan } from '../ban.ts'
import type { Req } from '../context.ts'
import { type HeaderMap, NameSet } from '../headers.ts'
import { readTags } from '../tags.ts'

/** The tags of a field, or what to answer when it is there and has none; `undefined`: it is not there. */
export function purgeTags({ headers }: Pick<Req, 'headers'>, field: string, soft: boolean = false): Purge | Synth | undefined {
  if (!headers.hasLower(field)) return undefined
  const tags = readTags(headers, new NameSet([field]))
  return tags.length === 0 ? verbs.synth(400, 'No Tags Given', `the field ${field} is empty\n`) : verbs.purge({ tags, soft })
}

/** A ban, or what to answer when it is refused. */
export function ban(...tests: readonly string[]): Purge | Synth {
  const expression = tests.join(' && ')
  const fault = checkBan(expression)
  return fault === null ? verbs.purge({ ban: expression }) : verbs.synth(400, 'Bad Ban Expression', `${fault}\n`)
}

const START = String.raw`\(\^\|\\?,\)`
const END = String.raw`\((?:\\?,\|\$|\$\|\\?,|,\.\+)\)\??\$?`
/** `((^|,)cat_p_1(,|$))|((^|,)cat_p(,|$))` of Magento: each tag between edges. */
const EACH = new RegExp(`^\\(?${START}([^()|]+)${END}\\)?$`)
/** `(^|,)(a|b)(,|$)` of FOSHttpCache, `(a|b)(,.+)?$` of its older ones, `(a|b)($|\,)` of API Platform: a list between edges. */
const ALL = new RegExp(`^(?:${START})?\\(([^()]+)\\)${END}$`)

/** The tags of a pattern that does nothing but list them; `null`: it is another one. A look-up of tags costs less than a pattern on every object. */
export function tagsOfPattern(pattern: string): readonly string[] | null {
  const list = ALL.exec(pattern)?.[1]?.split('|')
  const tags = list ?? pattern.split(/(?<=\))\|(?=\()/).map((each) => EACH.exec(each)?.[1] ?? '')
  const plain = tags.map((tag) => (/^(?:[\w:/~@%-]|\\[^\w\s])+$/.test(tag) ? tag.replace(/\\/g, '') : ''))
  return plain.includes('') ? null : plain
}

/** A purge by a pattern on the tags that objects were stored with in a field; `.*` is all of them. */
export function purgeByPattern(headers: HeaderMap, field: string, stored: string, soft: boolean = false): Purge | Synth | undefined {
  const pattern = headers.getLower(field)?.trim()
  if (pattern === undefined) return undefined
  if (pattern === '.*') return verbs.purge({ all: true, soft })
  const tags = tagsOfPattern(pattern)
  return tags === null ? ban(`obj.http.${stored} ~ ${quoteForBan(pattern)}`) : verbs.purge({ tags, soft })
}
