/** The decisions as rows: rule × preset, with the clause each rests on. `explain` and the reference print it; `decisions.ts` holds it as values. */
import type { Reason } from '../reason.ts'

export interface Decision {
  readonly id: DecisionId
  readonly rule: string
  /** Where the rule comes from. */
  readonly clause: string
  /** What log and Cache-Status say when the rule decides; `null`: nothing of its own. */
  readonly reason: Reason | null
  readonly safe: string
  readonly rfc9111: string
  readonly varnish: string
}

export type DecisionId =
  | 'lifetime'
  | 'targeted'
  | 'esi'
  | 'statuses'
  | 'grace'
  | 'staleIfError'
  | 'keep'
  | 'cookie'
  | 'authorization'
  | 'setCookie'
  | 'clientCacheControl'
  | 'unreachable'
  | 'unregisteredMethod'
  | 'registeredMethod'
  | 'unsafeInvalidates'
  | 'postStored'
  | 'rangeMiss'
  | 'headMiss'
  | 'headFreshens'
  | 'partCompletion'
  | 'acceptLanguage'
  | 'closeDelimited'
  | 'brokenEnd'
  | 'transferCoding'
  | 'contentRange'
  | 'surplus'
  | 'age'
  | 'oddStatus'
  | 'reasonPhrase'
  | 'interim'
  | 'ifModifiedSince'
  | 'requestFraming'
  | 'target'
  | 'lineEnds'
  | 'purgeRefused'
  | 'date'
  | 'xVarnish'

/** Every row, in the order of the reference. */
export const DECISIONS: readonly Decision[] = Object.freeze([
  {
    id: 'lifetime',
    rule: 'lifetime source, in order',
    clause: 'RFC 9111 §4.2.1, §4.2.2, RFC 9213 §2; Varnish default_ttl',
    reason: null,
    safe: 'Clearcoat-Cache-Control, CDN-Cache-Control, Surrogate-Control, `s-maxage`, `max-age`, Expires, heuristic',
    rfc9111: 'the same without Surrogate-Control',
    varnish: 's-maxage, max-age, Expires, default_ttl 120 s; its status list',
  },
  {
    id: 'targeted',
    rule: 'targeted fields on delivery',
    clause: 'RFC 9213 §2.1, Edge Architecture Surrogate-Control',
    reason: null,
    safe: 'Clearcoat-Cache-Control and Surrogate-Control removed, CDN-Cache-Control forwarded',
    rfc9111: 'the same',
    varnish: 'Surrogate-Control kept',
  },
  {
    id: 'esi',
    rule: 'pages that are assembled (Edge Side Includes)',
    clause: 'Edge Architecture Surrogate-Control, ESI Language 1.0; Varnish do_esi',
    reason: null,
    safe: '`Surrogate-Control: content="ESI/1.0"`, or the policy',
    rfc9111: 'the policy alone',
    varnish: 'the policy alone',
  },
  {
    id: 'statuses',
    rule: 'storable statuses',
    clause: 'RFC 9111 §3, RFC 9110 §15.1; Varnish RFC2616_Ttl',
    reason: 'STATUS',
    safe: 'any final status with explicit freshness; heuristic, and `no-cache` alone, only where RFC 9110 §15.1 allows (or `public`); with lifetime 0 only if it has a validator or an explicit stale directive',
    rfc9111: 'the same',
    varnish: '200 203 204 300 301 304 404 410 414 (302, 307 with explicit freshness)',
  },
  {
    id: 'grace',
    rule: 'grace (served at once while one fetch refreshes)',
    clause: 'RFC 5861 §3, RFC 9111 §4.2.4; Varnish default_grace',
    reason: 'GRACE',
    safe: '`stale-while-revalidate`, else 0',
    rfc9111: 'the same',
    varnish: 'default_grace 10 s, or `stale-while-revalidate`',
  },
  {
    id: 'staleIfError',
    rule: 'staleIfError (served only when the fetch fails)',
    clause: 'RFC 5861 §4, RFC 9111 §4.2.4',
    reason: 'STALE_IF_ERROR',
    safe: '`stale-if-error`; without it 24 h, for connection failures, timeouts and broken answers (HARDENING.md FAIL), never for a well-formed 5xx; 0 with must-revalidate, proxy-revalidate, no-cache, or s-maxage without an explicit stale directive',
    rfc9111: 'the same',
    varnish: '= grace',
  },
  {
    id: 'keep',
    rule: 'keep (only for conditional refetch)',
    clause: 'RFC 9111 §4.3; Varnish default_keep',
    reason: 'REVALIDATED',
    safe: '0; entries with a validator are kept 1 h past their ttl',
    rfc9111: 'the same',
    varnish: 'default_keep 0',
  },
  {
    id: 'cookie',
    rule: 'request Cookie',
    clause: 'RFC 9111 §7.3; Varnish vcl_req_cookie',
    reason: 'COOKIE',
    safe: 'look-up as usual; the request is *credentialed* unless all its cookies are on the shipped analytics list; what it fetches is shared only with `public`, `s-maxage`, a targeted field, or `Vary: Cookie`',
    rfc9111: 'no effect',
    varnish: 'pass',
  },
  {
    id: 'authorization',
    rule: 'request Authorization',
    clause: 'RFC 9111 §3.5; Varnish vcl_req_authorization',
    reason: 'AUTHORIZATION',
    safe: 'RFC 9111 §3.5 (`public`, `s-maxage`, `must-revalidate`); credentialed',
    rfc9111: 'RFC 9111 §3.5',
    varnish: 'pass',
  },
  {
    id: 'setCookie',
    rule: 'answer with Set-Cookie',
    clause: 'RFC 9111 §7.3; Varnish vcl_beresp_cookie',
    reason: 'SET_COOKIE',
    safe: 'not shared: hit-for-miss 120 s, in the class that fetched',
    rfc9111: 'stored',
    varnish: 'hit-for-miss 120 s',
  },
  {
    id: 'clientCacheControl',
    rule: "client's `no-cache`, `no-store`, `max-age`, `max-stale`, `min-fresh`, `only-if-cached`, and `Pragma: no-cache` without Cache-Control",
    clause: 'RFC 9111 §5.2.1, §5.4',
    reason: 'CLIENT_IGNORED',
    safe: 'ignored, reason shown; honoured from refresh clients (`--refresh-from`, default = `--purge-from`)',
    rfc9111: 'honoured',
    varnish: 'ignored',
  },
  {
    id: 'unreachable',
    rule: 'origin must be asked and cannot be reached',
    clause: 'RFC 9111 §4.2.4, RFC 9110 §15.6',
    reason: 'ERROR',
    safe: 'staleIfError, else 502/503/504',
    rfc9111: 'the same',
    varnish: 'grace, else 503',
  },
  {
    id: 'unregisteredMethod',
    rule: 'unregistered method',
    clause: 'RFC 9110 §9.1; Varnish vcl_req_method',
    reason: 'METHOD',
    safe: '501',
    rfc9111: 'passed',
    varnish: '501',
  },
  {
    id: 'registeredMethod',
    rule: 'IANA-registered method other than GET, HEAD (WebDAV, QUERY, …); CONNECT is 405 until a forward proxy is on, PRI is 400, closed',
    clause: 'RFC 9110 §16.1; Varnish vcl_req_method',
    reason: 'METHOD',
    safe: 'passed',
    rfc9111: 'passed',
    varnish: '501, but POST PUT PATCH DELETE OPTIONS TRACE pass',
  },
  {
    id: 'unsafeInvalidates',
    rule: 'unsafe or unregistered method answered 2xx or 3xx',
    clause: 'RFC 9111 §4.4',
    reason: 'INVALIDATED',
    safe: 'invalidates target, same-origin Location and Content-Location',
    rfc9111: 'the same',
    varnish: 'no effect',
  },
  {
    id: 'postStored',
    rule: 'POST with freshness and Content-Location = itself',
    clause: 'RFC 9110 §9.3.3',
    reason: 'METHOD',
    safe: 'not stored',
    rfc9111: 'stored for GET',
    varnish: 'not stored',
  },
  {
    id: 'rangeMiss',
    rule: 'miss with Range',
    clause: 'RFC 9111 §3.3, RFC 9110 §14.2; Varnish http_range_support',
    reason: 'RANGE',
    safe: 'forwarded unchanged, coalesced only with an equal Range; 206 stored as a part if consistent',
    rfc9111: 'the same',
    varnish: 'whole object fetched, Range served from it',
  },
  {
    id: 'headMiss',
    rule: 'miss with HEAD',
    clause: 'RFC 9111 §4.3.5, RFC 9110 §9.3.2',
    reason: null,
    safe: 'forwarded as HEAD; never blocks or answers a GET',
    rfc9111: 'the same',
    varnish: 'fetched as GET',
  },
  {
    id: 'headFreshens',
    rule: 'answer to a HEAD while the stored GET is stale',
    clause: 'RFC 9111 §4.3.5',
    reason: null,
    safe: 'freshens it if an ETag or Last-Modified of both is the same; another one, or another length, makes it useless; else it stays stale',
    rfc9111: 'freshens it unless an ETag, a Last-Modified or the length is another',
    varnish: 'fetched as GET, which takes its place',
  },
  {
    id: 'partCompletion',
    rule: 'plain GET while a fresh part holds bytes 0–k',
    clause: 'RFC 9111 §3.4',
    reason: 'PARTIAL',
    safe: 'asks for `bytes=k+1-`; a 200 replaces; a 206 is joined only with an equal strong ETag and touching ranges, else fetched whole',
    rfc9111: 'the same',
    varnish: 'whole object fetched',
  },
  {
    id: 'acceptLanguage',
    rule: 'Vary: Accept-Language',
    clause: 'RFC 9111 §4.1, RFC 9110 §12.5.4',
    reason: 'VARY',
    safe: 'compared as a set of (lower-case tag, q)',
    rfc9111: "the same, and a variant whose Content-Language is the request's only highest-q tag matches",
    varnish: 'byte comparison',
  },
  {
    id: 'closeDelimited',
    rule: 'close-delimited answer ended by FIN',
    clause: 'RFC 9112 §8, §9.8',
    reason: 'NO_LENGTH',
    safe: 'relayed, not stored (`NO_LENGTH`)',
    rfc9111: 'the same',
    varnish: 'stored',
  },
  {
    id: 'brokenEnd',
    rule: '… ended by RST, or TLS without close_notify',
    clause: 'RFC 9112 §8, §9.8',
    reason: 'BROKEN',
    safe: 'failed fetch',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'transferCoding',
    rule: 'unknown transfer coding, `gzip, chunked`, TE in HTTP/1.0',
    clause: 'RFC 9112 §6.1, §6.3',
    reason: 'BROKEN',
    safe: '502, connection destroyed',
    rfc9111: 'the same',
    varnish: '503',
  },
  {
    id: 'contentRange',
    rule: 'self-contradictory Content-Range',
    clause: 'RFC 9110 §14.4',
    reason: 'RANGE_INCONSISTENT',
    safe: 'relayed, not stored',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'surplus',
    rule: 'surplus bytes after the declared length',
    clause: 'RFC 9112 §6.3, §9.3',
    reason: null,
    safe: 'body cut at the length, stored, connection destroyed',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'age',
    rule: 'duplicate or odd `Age`',
    clause: 'RFC 9111 §5.1, RFC 9110 §5.5',
    reason: null,
    safe: 'first member of the first line counts if it is digits, else 0',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'oddStatus',
    rule: 'status 600–999',
    clause: 'RFC 9110 §15',
    reason: 'STATUS',
    safe: '502; 999 relayed, not stored',
    rfc9111: 'relayed; storable as unknown',
    varnish: 'relayed, not stored',
  },
  {
    id: 'reasonPhrase',
    rule: 'reason phrase of the origin',
    clause: 'RFC 9112 §4',
    reason: null,
    safe: 'relayed if visible ASCII, SP, obs-text',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'interim',
    rule: '1xx from the origin',
    clause: 'RFC 9110 §15.2',
    reason: null,
    safe: '100 consumed, 101 only when asked; others relayed to 1.1 clients, at most 10',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'ifModifiedSince',
    rule: 'If-Modified-Since without Last-Modified',
    clause: 'RFC 9111 §4.3.2, RFC 9110 §13.1.3',
    reason: null,
    safe: 'compared with Date',
    rfc9111: 'the same',
    varnish: "with the object's own time",
  },
  {
    id: 'requestFraming',
    rule: 'request body framing',
    clause: 'RFC 9112 §6.3',
    reason: 'REFUSED',
    safe: '1.1 without framing = empty (POST, PUT, PATCH forwarded with `Content-Length: 0`); 1.0 POST/PUT without length 411, closed',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'target',
    rule: 'characters in the target',
    clause: 'RFC 9112 §3.2',
    reason: 'REFUSED',
    safe: '0x21–0x7E but `#`; byte-exact in key and forward; `\\` in the path 400',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'lineEnds',
    rule: 'bare LF, folded lines',
    clause: 'RFC 9112 §2.2, §5.2',
    reason: 'REFUSED',
    safe: '400 / failed fetch',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'purgeRefused',
    rule: 'purge not allowed',
    clause: 'RFC 9110 §15.5.6',
    reason: 'REFUSED',
    safe: '405; where the dialect table gives another status, that',
    rfc9111: 'the same',
    varnish: '405',
  },
  {
    id: 'date',
    rule: 'Date on a hit',
    clause: 'RFC 9110 §6.6.1, RFC 9111 §4',
    reason: null,
    safe: 'the stored Date, unchanged',
    rfc9111: 'the same',
    varnish: 'the same',
  },
  {
    id: 'xVarnish',
    rule: 'X-Varnish on answers, and on requests to the origin',
    clause: 'Varnish X-Varnish',
    reason: null,
    safe: 'none',
    rfc9111: 'the same',
    varnish: 'id of the transaction; on a hit behind it the id of the fetch that stored the object; to the origin the id of the fetch',
  },
])
