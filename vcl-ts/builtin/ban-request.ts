/** What a BAN asks for: an expression in `X-Ban`, what FOSHttpCache's Varnish client sends, or tags. */
import { type Purge, type Synth, synthetic, verbs } from '../actions.ts'
import { BanError, parseBan, quoteForBan } from '../ban.ts'
import type { Req } from '../context.ts'

/** Fields of FOSHttpCache: a pattern each, `.*` where it is absent, all of which must match. */
const PATTERN_FIELDS: readonly (readonly [field: string, tested: string])[] = [
  ['x-host', 'obj.host'],
  ['x-url', 'obj.url'],
  ['x-content-type', 'obj.http.content-type'],
]
const TAG_PATTERN_FIELD = 'x-cache-tags'

/** `tags`: those that the request names, `null` when it has no field for them. `soft`: it asks for a soft purge. */
export function banOf({ headers }: Pick<Req, 'headers'>, tags: readonly string[] | null, soft: boolean): Purge | Synth {
  const expressions = headers.getAll('x-ban')
  if (expressions.length > 1) return refused('Two Ban Expressions', 'there are several X-Ban fields; send one BAN for each')
  const [expression] = expressions
  if (expression !== undefined) return banBy(expression, soft)
  const tests = PATTERN_FIELDS.flatMap(([field, tested]) => patternTest(headers.joined(field), tested))
  const tagPattern = headers.joined(TAG_PATTERN_FIELD)
  // A tag has none of these characters; FOSHttpCache puts a pattern for the whole field here.
  if (tagPattern !== undefined && /[$()^*[\\]/.test(tagPattern))
    return banBy([...tests, `obj.http.${TAG_PATTERN_FIELD} ~ ${quoteForBan(tagPattern)}`].join(' && '), soft)
  if (tags !== null) return tagsWithin(tests, tags, soft)
  if (PATTERN_FIELDS.some(([field]) => headers.hasLower(field)))
    return banBy(tests.length === 0 ? 'obj.url ~ .*' : tests.join(' && '), soft)
  return refused(
    'Nothing To Ban Given',
    'a BAN needs one of: X-Ban with an expression such as req.url ~ ^/shop/; patterns in X-Host, X-Url, X-Content-Type; tags in xkey, xkey-purge, xkey-softpurge, Surrogate-Key, Cache-Tag, X-Cache-Tags',
  )
}

function patternTest(pattern: string | undefined, tested: string): readonly string[] {
  return pattern === undefined || pattern === '.*' ? [] : [`${tested} ~ ${quoteForBan(pattern)}`]
}

function tagsWithin(tests: readonly string[], tags: readonly string[], soft: boolean): Purge | Synth {
  const [only] = tags
  if (only === undefined) return refused('No Tags Given', 'the field for tags is empty')
  if (tests.length === 0) return verbs.purge({ tags, soft })
  if (tags.length === 1) return banBy([...tests, `obj.tags has ${quoteForBan(only)}`].join(' && '), soft)
  return refused('Too Many Tags', 'with X-Host, X-Url or X-Content-Type give one tag; send one BAN for each')
}

function banBy(expression: string, soft: boolean): Purge | Synth {
  if (soft) return refused('Bans Are Hard', 'a ban cannot be soft; purge by URL or tag, or leave the field for a soft purge out')
  try {
    return verbs.purge({ ban: parseBan(expression).text })
  } catch (error) {
    if (error instanceof BanError) return refused('Bad Ban Expression', error.message)
    throw error
  }
}

function refused(phrase: string, reason: string): Synth {
  return synthetic(400, phrase, `${reason}\n`, false, 'text/plain; charset=utf-8')
}
