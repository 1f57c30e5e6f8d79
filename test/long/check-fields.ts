/** What must hold of every field value, good or bad: it is read without a throw, within bounds, and its canonical form is read alike. */
import { normaliseAcceptEncoding } from '../../src/wire/accept.ts'
import { parseAge } from '../../src/wire/age.ts'
import { MAX_SECONDS, parseCacheControl } from '../../src/wire/cache-control.ts'
import { evaluateConditional, ifRangeHolds } from '../../src/wire/conditional.ts'
import { listMatches, parseEntityTag } from '../../src/wire/entity-tag.ts'
import { appendForwarded, clientAddress, isValidHost, loops, normaliseHost } from '../../src/wire/forwarded.ts'
import { formatHttpDate, parseHttpDate } from '../../src/wire/http-date.ts'
import { trimOws } from '../../src/wire/list.ts'
import { contentRange, parseContentRange, parseRange } from '../../src/wire/range.ts'
import { parseSurrogateControl, parseTargeted } from '../../src/wire/targeted.ts'
import { parseVary, variantKey } from '../../src/wire/vary.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { same } from './check-messages.ts'
import * as grammar from './grammar.ts'
import type { Random } from './random.ts'

const WALL = Date.UTC(2026, 0, 1)

interface Kind {
  readonly name: string
  make(random: Random): string
  check(value: string, random: Random): void
}

export const KINDS: readonly Kind[] = [
  { name: 'Cache-Control', make: grammar.cacheControl, check: checkCacheControl },
  { name: 'Range', make: grammar.range, check: checkRange },
  { name: 'Content-Range', make: grammar.contentRange, check: checkContentRange },
  { name: 'date', make: grammar.date, check: checkDate },
  { name: 'entity tags', make: grammar.entityTags, check: checkEntityTags },
  { name: 'list', make: grammar.list, check: checkList },
]

function lines(name: string, value: string, random: Random): HeaderMap {
  // A list may come in several lines; where it is cut says nothing.
  const commas = [...value.matchAll(/,/g)].map(({ index }) => index)
  const cut = commas.length > 0 && !value.includes('"') ? random.of(commas) : -1
  const parts = cut < 0 ? [value] : [value.slice(0, cut), value.slice(cut + 1)]
  return HeaderMap.of(parts.map((part): [string, string] => [name, trimOws(part)]))
}

function checkCacheControl(value: string, random: Random): void {
  const read = parseCacheControl(value)
  same(parseCacheControl(lines('Cache-Control', value, random).joined('cache-control')), read, 'in two lines')
  for (const seconds of [read.maxAge, read.sMaxage, read.staleWhileRevalidate, read.staleIfError, read.minFresh, read.maxStale])
    if (seconds !== null && !(seconds >= 0 && (seconds <= MAX_SECONDS || seconds === Number.POSITIVE_INFINITY)))
      throw new Error(`${seconds} seconds`)
  same(parseCacheControl(canonicalCacheControl(read)), read, 'written again')
  // What restricts by word must never be lost, however the rest is broken.
  if (/^[^"]*$/.test(value) && /(?:^|[,;\s])no-store(?:$|[,;\s])/i.test(value) && !read.noStore) throw new Error('no-store was lost')
  parseTargeted(value)
  parseSurrogateControl(value)
}

function canonicalCacheControl(read: CacheControl): string {
  const members: string[] = []
  const flag = (name: string, present: boolean): unknown => present && members.push(name)
  const number = (name: string, seconds: number | null): unknown =>
    seconds !== null && members.push(Number.isFinite(seconds) ? `${name}=${seconds}` : name)
  const fields = (name: string, names: readonly string[]): unknown => names.length > 0 && members.push(`${name}="${names.join(', ')}"`)
  flag('no-store', read.noStore)
  flag('no-cache', read.noCache)
  fields('no-cache', read.noCacheFields)
  flag('private', read.private)
  fields('private', read.privateFields)
  flag('public', read.public)
  number('max-age', read.maxAge)
  number('s-maxage', read.sMaxage)
  flag('must-revalidate', read.mustRevalidate)
  flag('proxy-revalidate', read.proxyRevalidate)
  flag('must-understand', read.mustUnderstand)
  flag('no-transform', read.noTransform)
  flag('immutable', read.immutable)
  number('stale-while-revalidate', read.staleWhileRevalidate)
  number('stale-if-error', read.staleIfError)
  flag('only-if-cached', read.onlyIfCached)
  number('max-stale', read.maxStale)
  number('min-fresh', read.minFresh)
  return members.join(', ')
}

function checkRange(value: string, random: Random): void {
  const length = random.of([0, 1, 10, 500, 2 ** 40])
  const read = parseRange(value, length, 16)
  ifRangeHolds(HeaderMap.of([['If-Range', value]]), '"a"', WALL, WALL)
  if (read.type !== 'ranges') return
  if (read.ranges.length > 16) throw new Error(`${read.ranges.length} ranges`)
  let sum = 0
  for (const { first, last } of read.ranges) {
    if (!(Number.isInteger(first) && Number.isInteger(last) && first >= 0 && first <= last && last < length))
      throw new Error(`bytes ${first}-${last} of ${length}`)
    sum += last - first + 1
  }
  for (const [at, range] of read.ranges.entries())
    for (const other of read.ranges.slice(at + 1))
      if (range.first <= other.last && other.first <= range.last) throw new Error('ranges overlap')
  if (sum > 2 * length) throw new Error('more than twice the whole')
  same(parseRange(`bytes=${read.ranges.map(({ first, last }) => `${first}-${last}`).join(',')}`, length, 16), read, 'written again')
}

function checkContentRange(value: string): void {
  const read = parseContentRange(value)
  if (read === null || 'unsatisfied' in read) return
  if (!(read.first <= read.last && (read.total === null || read.last < read.total))) throw new Error('a range that is none')
  if (read.total !== null) same(parseContentRange(contentRange(read.first, read.last, read.total)), read, 'written again')
}

function checkDate(value: string): void {
  const read = parseHttpDate(value, WALL)
  if (read === null) return
  if (!Number.isFinite(read)) throw new Error(`the time ${read}`)
  if (read < Date.UTC(10_000, 0)) same(parseHttpDate(formatHttpDate(read), WALL), read, 'written again')
}

function checkEntityTags(value: string, random: Random): void {
  const headers = lines('If-None-Match', value, random)
  evaluateConditional({ headers, etag: '"a"', lastModified: null, date: WALL, hasRange: false, strongWithRange: false })
  const tag = parseEntityTag(value)
  if (tag === null) return
  const text = `${tag.weak ? 'W/' : ''}${tag.opaque}`
  same(text, value, 'an entity tag')
  if (!listMatches(`"x", ${text}`, text, false)) throw new Error('a list that holds the tag does not name it')
  if (tag.opaque !== '"x"' && listMatches('"x"', text, false)) throw new Error('a list that lacks the tag names it')
}

function checkList(value: string, random: Random): void {
  const vary = parseVary(lines('Vary', value, random))
  same(parseVary(HeaderMap.of([['Vary', value]])), vary, 'in two lines')
  if (vary.type === 'names') {
    same(parseVary(HeaderMap.of([['Vary', vary.names.join(', ')]])), vary, 'written again')
    const asked = HeaderMap.of(vary.names.map((name): [string, string] => [name, value]))
    same(variantKey(vary.names, asked, 'set'), variantKey(vary.names, asked.clone(), 'set'), 'the variant')
  }
  const coding = normaliseAcceptEncoding(value)
  same(normaliseAcceptEncoding(coding), coding, 'Accept-Encoding written again')
  const age = parseAge(HeaderMap.of([['Age', value]]))
  if (!(age >= 0 && age <= MAX_SECONDS)) throw new Error(`an Age of ${age}`)
  if (isValidHost(value)) {
    const host = normaliseHost(value, 'http')
    if (!isValidHost(host)) throw new Error(`the host ${JSON.stringify(host)}`)
    same(normaliseHost(host, 'http'), host, 'the host written again')
  }
  const headers = HeaderMap.of([
    ['X-Forwarded-For', value],
    ['Forwarded', value],
    ['Via', value],
    ['CDN-Loop', value],
  ])
  clientAddress('192.0.2.1', value, (ip) => ip === '192.0.2.1')
  loops(headers, 'Clearcoat')
  appendForwarded(headers, { peerAddress: '192.0.2.1', trusted: true, scheme: 'http', host: 'h', name: 'Clearcoat', httpVersion: '1.1' })
}
