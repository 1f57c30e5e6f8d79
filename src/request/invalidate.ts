/** The tool `invalidate` of hooks: what a purge does, without ending the hook. */
import { type PurgeOptions, type PurgeSubject, verbs } from '../../vcl-ts/actions.ts'
import type { Purged } from '../../vcl-ts/context.ts'
import { C } from '../counters.ts'
import { normaliseHost } from '../wire/forwarded.ts'
import type { RequestDeps } from './engine.ts'

/** The request that asks. */
interface Asking {
  readonly engine: Pick<RequestDeps, 'invalidation' | 'counters'>
  readonly req: { readonly host: string; readonly scheme: 'http' | 'https' }
  /** `''` until the hook `hash` has run. */
  readonly key: string
}

/** Resolves when nothing older is served any more. Rejects with a `TypeError` for what cannot be, a `BanLimitError` for a ban too many. */
export async function invalidate(asking: Asking, options: PurgeOptions = {}): Promise<Purged> {
  const { invalidation, counters } = asking.engine
  const { soft, subject } = verbs.purge(options)
  if (subject === undefined && asking.key === '')
    throw new TypeError('invalidate(): this request has no key yet; say what it is for, such as { tags: [ … ] }, or answer purge()')
  counters.add(C.n_purges)
  const { objects, complete, id, fleet } = await (subject === undefined
    ? invalidation.purgeKey(asking.key, soft)
    : invalidation.purge(withHost(subject, asking.req), soft))
  return { soft, objects, complete, ban: id ?? null, fleet: fleet?.state ?? null }
}

/** With hosts as keys have them. */
export function withHost(subject: PurgeSubject, { host, scheme }: Asking['req']): PurgeSubject {
  if (subject.by === 'tags' || subject.by === 'all' || subject.by === 'ban') return subject
  return { ...subject, host: subject.host === null ? host : normaliseHost(subject.host, scheme) }
}
