/** Objects as a fetch stores them, by number, in a table without sockets: what the benches of `memory.ts` and `full.ts` fill it with. */
import { keyOf } from '../src/object/key-text.ts'
import type { LocalTable } from '../src/object/local-table.ts'
import { CachedObject } from '../src/object/object.ts'
import { arrivedBody, keptBody } from '../src/object/stored-body.ts'
import type { Lookup } from '../src/object/table.ts'
import { FieldScanner } from '../src/wire/fields.ts'
import { serializeFields } from '../src/wire/message-head.ts'

export const BODY = 1024
const HOST = 'www.example.com'
const NO_NAMES: readonly string[] = []

/** 45 characters. */
const urlOf = (i: number): string => `/articles/of-some-length/number-${String(i).padStart(8, '0')}.html`
const scanner = new FieldScanner({ line: 8192, count: 200 })
const read = Buffer.alloc(4096, 'b')

/** Head and body in one read, as a fetch stores them: nine fields, 1 KiB. */
export function store(table: LocalTable, i: number, ttl: number = 3600, tags: readonly string[] = []): void {
  const end = read.write(
    `Date: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${BODY}\r\n` +
      `Cache-Control: public, max-age=3600\r\nETag: "5f3c9-${String(i).padStart(8, '0')}"\r\nLast-Modified: Fri, 20 Nov 2026 09:13:27 GMT\r\n` +
      `Server: nginx/1.22.1\r\nX-Frame-Options: SAMEORIGIN\r\nX-Request-Id: 0123456789abcdef${String(i).padStart(8, '0')}\r\n\r\n`,
    'latin1',
  )
  scanner.begin(0)
  const headers = scanner.headers(read.toString('latin1', 0, scanner.scan(read, end)), 0)
  const object = new CachedObject({
    key: keyOf({ url: urlOf(i), host: HOST }),
    target: null,
    status: 200,
    reason: 'OK',
    headers,
    fieldLines: serializeFields(headers),
    withheld: NO_NAMES,
    life: { storedAt: performance.now(), ttl, grace: 0, staleIfError: 86400, staleIfErrorExplicit: false, keep: ttl, age: 0 },
    retention: 'max',
    position: table.position,
    etag: headers.getLower('etag') ?? null,
    lastModified: 1_795_166_007_000,
    date: 1_795_255_200_000,
    part: null,
    tags,
    mustRevalidate: false,
    lifetimeSource: 'max-age',
    body: keptBody(arrivedBody(read, end, end + BODY)),
    backend: 'app',
  })
  table.publish(null, object, NO_NAMES, 'http', true)
  table.complete(object)
}

export function lookup(i: number): Lookup {
  return {
    key: Buffer.from(keyOf({ url: urlOf(i), host: HOST })).toString('latin1'),
    credentialed: false,
    now: performance.now(),
    variant: () => 'http',
    alsoMatches: () => false,
    judge: (object) => object.freshness(performance.now()),
    covers: () => false,
    range: null,
    alwaysMiss: false,
    ignoreBusy: false,
    ignoreVary: false,
    solitary: false,
    attempt: 0,
    demanding: false,
    completesParts: false,
  }
}
