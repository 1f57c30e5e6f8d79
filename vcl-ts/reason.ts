/**
 * REASON: why a request was answered as it was, or a response kept as it was. One list for `Cache-Status` detail, access log,
 * counters and documentation.
 */
export const REASONS = {
  // answered from memory
  HIT: 'a fresh object was in memory',
  GRACE: 'a stale object was served while one fetch refreshes it',
  UNVOUCHED: 'the log of the fleet has not been heard of for too long, and one fetch confirms the fresh object that was served',
  STALE_IF_ERROR: 'the fetch failed and staleIfError allowed the stale object',
  REVALIDATED: 'the origin confirmed the stale object with 304',
  COLLAPSED: 'the answer came from a fetch that another request began',
  // why the origin was asked
  ABSENT: 'nothing is stored under this key',
  VARY: 'something is stored under this key, but no variant for this request',
  EXPIRED: 'the stored object is stale and has to be refreshed',
  NO_CACHE: 'the response may be stored but must be validated on each use (no-cache)',
  INVALIDATED: 'a purge or an unsafe method invalidated the stored object',
  PARTIAL: 'only a part of the representation is stored',
  RANGE: 'a range was asked for that is not stored',
  HIT_FOR_MISS: 'the last answer could not be shared, so requests go to the origin in parallel',
  HIT_FOR_PASS: 'the policy lets requests for this key pass',
  CLIENT_NO_CACHE: 'the request said no-cache, max-age or min-fresh and the preset honours it',
  CLIENT_ONLY_IF_CACHED: 'the request said only-if-cached and nothing usable is stored',
  CLIENT_IGNORED: 'the request asked to bypass the cache; the preset ignores that',
  FORCED: 'the policy asked for a new copy (hashAlwaysMiss)',
  WAIT_LIMIT: 'too many requests wait for this object',
  WAIT_TIMEOUT: 'the fetch that this request waited for took too long',
  // why it passed
  METHOD: 'the method is not GET or HEAD',
  HEAD: 'a HEAD that nothing stored can answer is forwarded as HEAD, and only a GET is stored',
  REQUEST_BODY: 'the request has a body',
  PRECONDITION: 'If-Match and If-Unmodified-Since are the origin’s to judge',
  REQUEST_AUTHORIZATION: 'the request has Authorization and the preset passes such requests',
  REQUEST_COOKIE: 'the request has a Cookie and the preset passes such requests',
  POLICY: 'the policy decided so',
  UPGRADE: 'the request opens a tunnel',
  // why the answer was stored or not
  STORED: 'stored',
  NO_STORE: 'Cache-Control: no-store',
  PRIVATE: 'Cache-Control: private',
  NO_FRESHNESS: 'no lifetime: neither explicit freshness nor a reason for a heuristic one',
  STATUS: 'the status may not be stored without explicit freshness',
  MUST_UNDERSTAND: 'must-understand with a status this cache does not know',
  AUTHORIZATION: 'the request had Authorization and the response does not allow sharing',
  COOKIE: 'the request had a Cookie and the response does not say that it is shared',
  SET_COOKIE: 'the response sets a cookie',
  VARY_STAR: 'Vary: *',
  VARY_MALFORMED: 'the Vary field is malformed or names too many fields',
  CONFLICT: 'a field that may occur once occurs several times with different values',
  TOO_LARGE: 'larger than the largest object that is stored',
  NO_LENGTH: 'the body ended with the connection, so its end is not proven',
  RANGE_INCONSISTENT: 'the Content-Range contradicts itself or the request',
  NO_SPACE: 'the memory budget had no room',
  BROKEN: 'the origin’s answer broke off or was malformed',
  // answered by us
  ERROR: 'the origin could not be asked and nothing stored may be served',
  SYNTH: 'the policy or the built-in policy answered by itself',
  REFUSED: 'the request was refused as malformed or too large',
  LOOP: 'the request has been here before (Via or CDN-Loop)',
} as const

export type Reason = keyof typeof REASONS
