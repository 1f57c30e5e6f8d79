/**
 * The nouns that hooks see (POLICY.md “Hook × noun”). Names follow VCL's variables wherever VCL has one. Times are seconds.
 * A noun is `readonly` where its hook may not write. `hook-context.ts` puts together what one hook sees.
 */
import type { CacheControl } from './cache-control.ts'
import type { Coding } from './coding.ts'
import type { BackendChoice } from './directors/director.ts'
import type { Duration } from './duration.ts'
import type { FilterSource } from './filters.ts'
import type { HeaderMap } from './headers.ts'
import type { Reason } from './reason.ts'

/** The client and its connection. */
export interface Client {
  /** The client's address: the socket's, or behind a `--trust` peer the rightmost untrusted forwarded one. */
  readonly ip: string
  /** Address of the socket's other end. */
  readonly remoteIp: string
  /** Whether the socket's other end is in `--trust`. */
  readonly trusted: boolean
  /**
   * Whether the client may purge: by its address (`--purge-from`, default loopback and Unix sockets; a loopback peer that forwards for
   * somebody is none) unless a browser sent the request, or by the bearer token (`--purge-token`). Judged on the request as it came.
   */
  readonly mayInvalidate: boolean
  /** For sticky directors; the address unless a hook sets it. */
  identity: string
}

/** Facts of the client connection. */
export interface Session {
  /** Address that the client connected to. */
  readonly localIp: string
  /** Port that the client connected to. */
  readonly localPort: number
  /** Scheme of the listener. */
  readonly scheme: 'http' | 'https'
}

/** A request as the client sent it, before any hook. */
export interface OriginalRequest {
  /** As in the request line. */
  readonly method: string
  /** As in the request line, without scheme and host. */
  readonly url: string
  /** As sent, hop-by-hop fields gone. */
  readonly headers: HeaderMap
}

/** The client's request. */
export interface Req {
  /** Setting anything but a token throws. */
  method: string
  /** Path and query, byte-exact. Setting a value with characters outside 0x21–0x7E, `#`, or not starting with `/` (but `*`) throws. */
  url: string
  /** `url` up to the first `?`. */
  readonly path: string
  /** `url` behind the first `?`, or `''`. */
  readonly query: string
  /** `Host`, normalised: lower case, no trailing dot, no default port. `''` when an HTTP/1.0 request has none. */
  host: string
  /** Effective scheme: the listener's, or a trusted `X-Forwarded-Proto`. A dimension of the variant, not of the key. */
  scheme: 'http' | 'https'
  /** HTTP version of the message. */
  readonly proto: '1.0' | '1.1' | '2'
  /** Fields without those of the hop. Framing fields cannot be set. */
  readonly headers: HeaderMap
  /** Cookies by name; the first of a name. */
  readonly cookies: ReadonlyMap<string, string>
  /** Whether the message has a body. */
  readonly hasBody: boolean
  /** The body, once `cacheBody` has brought it; not to be changed. Until then, and without one, `null`. */
  readonly body: Uint8Array | null
  /**
   * Reads the request's body, at most `limit` bytes, and keeps it: it can be looked at, is sent with every attempt and after a restart, and with
   * `hash()` the answer to any method may be stored, under a key that holds method and body (SHA-256). Resolves with the bytes, empty ones when
   * there is no body, or with `null` when it is longer: then it can still be passed. Rejects when the client breaks off. In `recv` only, and
   * within the deadline of the hook. Purges by prefix, host or tags, and `clearcoat purge URL`, reach such answers; one of this request's key does not.
   * Throws a `TypeError` unless `limit` is a whole number of at least 0.
   */
  cacheBody(limit: number): Promise<Uint8Array | null>
  /** The token of a client's `Upgrade` field that `Connection` names, or `null`. */
  readonly upgrade: string | null
  /** Where a miss or pass goes: a backend, or a director that chooses one; `null`: the default. */
  backend: BackendChoice | null
  /** Fetch a new copy even if a fresh one is stored. */
  hashAlwaysMiss: boolean
  /** Do not wait for another request's fetch. */
  hashIgnoreBusy: boolean
  /** Take the newest variant whatever its Vary says. */
  hashIgnoreVary: boolean
  /** Caps an object's age, seconds; `null`: no cap. */
  ttl: number | null
  /** Caps an object's grace, seconds; `null`: no cap, `0`: never stale. */
  grace: number | null
  /**
   * Whether this request speaks for somebody, so that what it fetches must not serve others unless the origin says so
   * (DECISIONS “Class”). The built-in steps decide it; `null` until somebody did.
   */
  credentialed: boolean | null
  /** Whether a page that is to be assembled (`Beresp.esi`) is; `false`: this request gets it as the origin wrote it. Default `true`. */
  esi: boolean
  /**
   * Bytes of the slices in which what this request asks for is fetched and stored, 64 KiB to 64 MiB and no more than the largest object that
   * is stored; `null` or 0: whole. It concerns GET and HEAD, and what is larger than one slice, comes uncoded, and has a strong validator from
   * an origin that serves ranges; all else is fetched and stored whole. Default: the option `slice`. Throws a `TypeError` for any other value.
   */
  slice: number | null
  /** Times this transaction was restarted. */
  readonly restarts: number
  /** 0 for a request of a client, 1 for a fragment that its page includes, 2 for what that includes. */
  readonly esiLevel: number
  /** Transaction id. */
  readonly id: string
  /** The request's own Cache-Control, parsed. */
  readonly cacheControl: CacheControl
  /** The request as it came. */
  readonly original: OriginalRequest
  /** The request of the client whose page this is a fragment of, as hooks have left it; this one itself if it is no fragment. */
  readonly top: OriginalRequest
  /** The last answer under this key could not be shared, so that this request goes to the origin without waiting. From `miss` on. */
  readonly isHitMiss: boolean
  /** Requests under this key pass for a while (`hitForPass`). From `pass` on. */
  readonly isHitPass: boolean
}

/** The request towards the origin. */
export interface Bereq {
  /** See `Req.method`. */
  method: string
  /** See `Req.url`. */
  url: string
  /** What the origin gets; framing fields cannot be set. `Connection: close` ends the connection behind the answer. */
  readonly headers: HeaderMap
  /** Where it goes: a backend, or a director that chooses one for each attempt; `null`: the default. */
  backend: BackendChoice | null
  /** Until a connection is usable. Seconds; policy > backend > option. */
  connectTimeout: number
  /** Until the first byte of the answer, and from there until its head is whole. Seconds; policy > backend > option. */
  firstByteTimeout: number
  /** Between two reads of the answer. Seconds; policy > backend > option. */
  betweenBytesTimeout: number
  /** Times that this fetch was tried again. */
  readonly retries: number
  /** A background refresh. */
  readonly isBgfetch: boolean
  /** The client request was a hit-for-miss. */
  readonly isHitMiss: boolean
  /** The client request was a hit-for-pass. */
  readonly isHitPass: boolean
  /** The answer will be private to this request (pass). */
  readonly uncacheable: boolean
  /** See `Req.credentialed`. */
  readonly credentialed: boolean
  /** Whether the request carries Authorization (RFC 9111 §3.5). */
  readonly authorized: boolean
  /** Id of the transaction that began the fetch. */
  readonly id: string
  /** The request goes to the origin without the client's body; in `backendFetch`. */
  readonly dropBody: () => void
}

/** What the lifetime of an answer came from. */
export type LifetimeSource =
  | 'Clearcoat-Cache-Control'
  | 'CDN-Cache-Control'
  | 'Surrogate-Control'
  | 's-maxage'
  | 'max-age'
  | 'Expires'
  | 'heuristic'
  | 'default_ttl'
  | 'policy'
  | 'none'

/** What the answer's fields say about storing it, resolved by preset (targeted field, else Cache-Control). */
export interface ResponseControl extends CacheControl {
  /** Which field the lifetime came from. */
  readonly source: LifetimeSource
  /** Freshness was given explicitly (max-age, s-maxage, Expires, targeted), not by heuristic or default. */
  readonly explicit: boolean
  /** A targeted field decided. */
  readonly targeted: boolean
  /** An ETag or Last-Modified is there. */
  readonly validator: boolean
  /** A heuristic lifetime is allowed for this status (RFC 9110 §15.1), or `public` is set. */
  readonly heuristicallyCacheable: boolean
  /** The status is one that this cache understands (must-understand). */
  readonly understood: boolean
  /** What Vary says: nothing, names, `*`, or what cannot be read. */
  readonly vary: 'none' | 'names' | 'star' | 'malformed'
  /** `vary` names Cookie. */
  readonly varyCookie: boolean
  /** Fields that may occur once but occur several times with different values (HARDENING 91). */
  readonly conflict: boolean
  /** Whether a Content-Range agrees with itself and the request. */
  readonly contentRange: 'none' | 'consistent' | 'inconsistent'
  /** How the end of the body is told. */
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
}

/** The origin's answer. */
export interface Beresp {
  /** 200–599 and 999; anything else throws when set. */
  status: number
  /** The reason phrase: visible ASCII, space, obs-text; anything else throws. */
  reason: string
  /** Fields without those of the hop. Framing fields cannot be set. */
  readonly headers: HeaderMap
  /** Seconds from now. Assigning makes it the policy's decision (`control.source` is then `policy`); durations as `'1h'` are accepted. */
  get ttl(): number
  set ttl(value: Duration)
  /** Seconds past `ttl` for which it is served stale while one fetch refreshes it. */
  get grace(): number
  set grace(value: Duration)
  /** Seconds past `ttl` for which it is served when the fetch fails. */
  get staleIfError(): number
  set staleIfError(value: Duration)
  /** Seconds past `ttl` for which it is kept to be confirmed by a conditional request. */
  get keep(): number
  set keep(value: Duration)
  /** Seconds. */
  readonly age: number
  /** Can only be raised: a hit-for-miss marker of `ttl` seconds instead of an object. */
  uncacheable: boolean
  /** Deliver while it arrives (default), or only when it is whole. */
  stream: boolean
  /**
   * Assemble the page: its `<esi:include>` are replaced by what they lead to, each time that it is delivered. Default: whether the answer has
   * `Surrogate-Control: content="ESI/1.0"`, under presets that read that field. Not for answers 204, 206 and 304.
   */
  esi: boolean
  /**
   * Whether it is stored compressed. `null` (default): as `--compress` says for its type and size. A coding, or `true` for that of `--compress`
   * (else br): whatever its type and size. `false`: as it comes. Clients that do not take the stored coding get it decoded, its ETag becomes
   * weak, and one object serves all. Never compressed: what is not stored, has Set-Cookie, `private` or `no-transform`, is a part, or is coded already.
   */
  get compress(): Coding | boolean | null
  set compress(value: Coding | boolean | null)
  /**
   * What the body passes through once, when it arrives, in this order: `beresp.filters.push(replaceText('http:', 'https:'))`. Filters see it
   * decoded. Its length becomes unknown and its ETag weak. A filter that fails is a failed fetch: nothing is stored. A part (206) cannot be filtered.
   */
  readonly filters: FilterSource[]
  /** What to purge it by: those of the answer's tag fields (`--tag-fields`), and what a hook adds. */
  readonly tags: Set<string>
  /** URL of the backend that answered, chosen by a director or not; `''` where none did. */
  readonly backend: string
  /** What the answer's own fields say. */
  readonly control: ResponseControl
  /** Why the answer is kept as it is; a built-in step that refuses sets it. */
  why: Reason
  /** The answer came as a 304 and was merged with the stale object. */
  readonly was304: boolean
  /**
   * Saint mode: for so long no director sends requests under this key to the backend that answered, and `retry()` goes to another one. A
   * backend that no director chose is not affected. Up to 1,000 keys a backend, up to an hour; each worker learns for itself.
   */
  readonly deny: (time: Duration) => void
}

/** `backendError` may give the page that it makes a body. */
export interface BerespError extends Omit<Beresp, 'control' | 'compress' | 'filters'> {
  /** The page. */
  body: string | Uint8Array
  /** What went wrong, in words for the client; the built-in page shows it. */
  detail: string
}

/** A stored object. */
export interface Obj {
  /** As stored. */
  readonly status: number
  /** As stored. */
  readonly reason: string
  /** As stored, tag fields included. */
  readonly headers: HeaderMap
  /** Hits so far, this one included. */
  readonly hits: number
  /** Seconds since it was made or confirmed at the origin (RFC 9111 §4.2.3). */
  readonly age: number
  /** Seconds left; negative when stale. */
  readonly ttl: number
  /** See `Beresp.grace`. */
  readonly grace: number
  /** See `Beresp.staleIfError`. */
  readonly staleIfError: number
  /** See `Beresp.keep`. */
  readonly keep: number
  /** Whether it serves this request alone. */
  readonly uncacheable: boolean
  /** Whether it is a page that is assembled. */
  readonly esi: boolean
  /** What it can be purged by. */
  readonly tags: ReadonlySet<string>
}

/** The stale object that a 304 answers for. */
export interface ObjStale extends Obj {
  /** `false` when it was purged, banned or otherwise invalidated while the origin was asked. */
  readonly isValid: boolean
}

/** The answer to the client. */
export interface Resp {
  /** 200–599; anything else throws when set. */
  status: number
  /** The reason phrase. */
  reason: string
  /** What the client gets. Framing fields cannot be set. `Connection: close` ends the connection behind the answer. */
  readonly headers: HeaderMap
  /** Whether the body is still arriving from the origin. */
  readonly isStreaming: boolean
  /**
   * What the body passes through on its way to this client, in this order; what is stored stays as it is. Filters see it decoded. Its length
   * becomes unknown, its ETag weak, and ranges are not answered. A filter that fails breaks the answer off where the client sees it.
   */
  readonly filters: FilterSource[]
}

/** `synth` gives its answer a body. */
export interface RespSynth extends Omit<Resp, 'filters'> {
  /** Text (sent as UTF-8) or bytes. */
  body: string | Uint8Array
  /** Why this cache answers by itself. */
  readonly why: Reason
  /** What went wrong, in words for the client; the built-in page shows it. `''` for a policy's own answer. */
  detail: string
}

/** What a purge or ban did. */
export interface Purged {
  /** Whether objects only became stale. */
  readonly soft: boolean
  /** Objects that went, or with `soft` became stale. */
  readonly objects: number
  /** `false`: a ban that goes on in the background; what it matches is not served any more. */
  readonly complete: boolean
  /** The ban's id, `null` when it was none. */
  readonly ban: string | null
  /** What the other nodes know of it: `told`, or `queued` while Redis cannot be reached. `null`: this node is alone. */
  readonly fleet: 'told' | 'queued' | null
}

/** The primary key under construction: URL and host are in it unless `hash` replaces them. */
export interface Key {
  /** Adds a length-prefixed part. */
  add(part: string): void
  /** Drops what is there, the default URL and host included. */
  clear(): void
  /** Keep the effective scheme out of the variant. */
  dropScheme(): void
}
