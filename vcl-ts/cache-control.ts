/** A parsed Cache-Control list (RFC 9111 §5.2), request or response. Numbers are seconds, capped at 2^31. */
export interface CacheControl {
  readonly noStore: boolean
  /** Unqualified `no-cache`. */
  readonly noCache: boolean
  /** Field names of `no-cache="…"`, lower case; empty when unqualified or absent. */
  readonly noCacheFields: readonly string[]
  /** Unqualified `private`, or a qualified one that cannot be read. */
  readonly private: boolean
  readonly privateFields: readonly string[]
  readonly public: boolean
  /** `null`: absent. An unreadable value is 0. */
  readonly maxAge: number | null
  readonly sMaxage: number | null
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly noTransform: boolean
  readonly immutable: boolean
  readonly staleWhileRevalidate: number | null
  readonly staleIfError: number | null
  readonly onlyIfCached: boolean
  /** Request `max-stale`; `Infinity` without a value. */
  readonly maxStale: number | null
  readonly minFresh: number | null
}
