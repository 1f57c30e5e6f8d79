/** A parsed Cache-Control list (RFC 9111 §5.2), request or response. Numbers are seconds, capped at 2^31. */
export interface CacheControl {
  /** `no-store`. */
  readonly noStore: boolean
  /** Unqualified `no-cache`. */
  readonly noCache: boolean
  /** Field names of `no-cache="…"`, lower case; empty when unqualified or absent. */
  readonly noCacheFields: readonly string[]
  /** Unqualified `private`, or a qualified one that cannot be read. */
  readonly private: boolean
  /** Field names of `private="…"`, lower case. */
  readonly privateFields: readonly string[]
  /** `public`. */
  readonly public: boolean
  /** `max-age`; `null`: absent. An unreadable value is 0. */
  readonly maxAge: number | null
  /** `s-maxage`, as `maxAge`. */
  readonly sMaxage: number | null
  /** `must-revalidate`. */
  readonly mustRevalidate: boolean
  /** `proxy-revalidate`. */
  readonly proxyRevalidate: boolean
  /** `must-understand`. */
  readonly mustUnderstand: boolean
  /** `no-transform`. */
  readonly noTransform: boolean
  /** `immutable` (RFC 8246). */
  readonly immutable: boolean
  /** `stale-while-revalidate` (RFC 5861); `null`: absent. */
  readonly staleWhileRevalidate: number | null
  /** `stale-if-error` (RFC 5861); `null`: absent. */
  readonly staleIfError: number | null
  /** `only-if-cached` of a request. */
  readonly onlyIfCached: boolean
  /** Request `max-stale`; `Infinity` without a value. */
  readonly maxStale: number | null
  /** `min-fresh` of a request; `null`: absent. */
  readonly minFresh: number | null
}
