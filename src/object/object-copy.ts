/** Another object that is like one in everything but what is said. */
import { CachedObject, type ObjectInit } from './object.ts'

export function copyOf(object: CachedObject, changes: Partial<ObjectInit>): CachedObject {
  const { key, target, status, reason, fieldLines, withheld, retention, etag, lastModified, date, part, tags } = object
  const { storedAt, ttl, grace, staleIfError, staleIfErrorExplicit, keep, initialAge, mustRevalidate } = object
  const { lifetimeSource, position, body, backend, coding, esi, sliced, xid } = object
  const copy = new CachedObject({
    ...{ key, target, status, reason, fieldLines, withheld, retention, etag, lastModified, date, part, tags },
    ...{ mustRevalidate, lifetimeSource, position, body, backend, coding, esi, sliced, xid },
    headers: object.headers.clone(),
    life: { storedAt, ttl, grace, staleIfError, staleIfErrorExplicit, keep, age: initialAge },
    ...changes,
  })
  copy.hits = object.hits
  if (object.failures > 0) copy.failed(object.failures, object.retryAt)
  return copy
}
