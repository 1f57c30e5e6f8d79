/** What operators purge: from a request's words to the subject, the counts, and fetching anew what went. */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { C } from '../counters.ts'
import type { Invalidated } from '../invalidation/invalidation.ts'
import { keyPart, type Place, placeOf } from '../object/key-text.ts'
import type { CachedObject } from '../object/object.ts'
import { normaliseHost } from '../wire/forwarded.ts'
import { isValidHost } from '../wire/host.ts'
import { type FleetTold, PATIENCE, toldTo } from './fleet.ts'
import type { AdminParts, RefetchTarget } from './parts.ts'
import { Problem } from './problem.ts'

/** Objects that are fetched anew at most, and at a time. */
const REFRESH_MOST = 1000
const REFRESH_AT_ONCE = 8

/** What to purge: one of `url`, `tags`, `prefix`, `host` and `all`. */
export interface PurgeAsked {
  /** `http://host/path`, or a path with `host`: every variant of it. */
  readonly url?: string | undefined
  readonly tags?: readonly string[] | undefined
  /** URLs that begin so, written as `url` is. */
  readonly prefix?: string | undefined
  readonly host?: string | undefined
  readonly all?: true | undefined
  /** Only make it stale. */
  readonly soft?: boolean | undefined
  /** Only count. */
  readonly dryRun?: boolean | undefined
  /** Fetch anew what went, as far as a plain GET can. */
  readonly refresh?: boolean | undefined
  /** Answer when every node that lives has applied it, or after so many seconds; `true`: 10. */
  readonly wait?: boolean | number | undefined
}

export interface Purged {
  readonly status: 'ok'
  /** Objects that went, and that were made stale. */
  readonly purged: number
  readonly softPurged: number
  readonly dryRun: boolean
  /** Objects that were fetched anew; and that went and were not. */
  readonly refreshed: number
  readonly refreshSkipped: number
  /** The other nodes; absent where there are none. */
  readonly fleet?: FleetTold
}

export interface Banned extends Invalidated {
  readonly told?: FleetTold
}

export async function purge(parts: AdminParts, asked: PurgeAsked): Promise<Purged> {
  const subject = subjectOf(asked)
  const soft = asked.soft === true
  if (asked.dryRun === true && patienceOf(asked.wait) !== null)
    throw new Problem(400, 'bad-request', 'wait and dryRun are given together', 'leave one of them out: what only counts is told to nobody')
  const counted = (objects: number, refreshed: number, refreshSkipped: number, told?: FleetTold): Purged => ({
    status: 'ok',
    purged: soft ? 0 : objects,
    softPurged: soft ? objects : 0,
    dryRun: asked.dryRun === true,
    refreshed,
    refreshSkipped,
    ...(told === undefined ? {} : { fleet: told }),
  })
  if (asked.dryRun === true) return counted(await parts.invalidation.count(subject), 0, 0)
  const gone = asked.refresh === true ? new Gone() : null
  const { objects, fleet } = await parts.invalidation.purge(subject, soft, gone === null ? undefined : (object) => gone.add(object))
  parts.counters.add(C.n_purges)
  const others = fleet === undefined ? {} : { fleet: fleet.state }
  parts.log.info({ event: 'purge', subject: subject.by, soft, objects, ...others }, 'purged by an operator')
  const told = await toldTo(parts, fleet, patienceOf(asked.wait), objects)
  const refreshed = gone === null ? 0 : await refetchAll(gone.targets, parts.refetch)
  return counted(objects, refreshed, gone === null ? 0 : objects - refreshed, told)
}

/** `wait` as for a purge. Throws a `BanError` or a `BanLimitError`. */
export async function ban(
  parts: Pick<AdminParts, 'invalidation' | 'log' | 'fleet'>,
  expression: string,
  wait: PurgeAsked['wait'] = false,
): Promise<Banned> {
  const result = await parts.invalidation.purge({ by: 'ban', expression }, false)
  const { objects, complete, fleet } = result
  const others = fleet === undefined ? {} : { fleet: fleet.state }
  parts.log.info({ event: 'ban', expression, objects, complete, ...others }, 'banned by an operator')
  const told = await toldTo(parts, fleet, patienceOf(wait), objects)
  return told === undefined ? result : { ...result, told }
}

function patienceOf(wait: PurgeAsked['wait']): number | null {
  return wait === true ? PATIENCE : wait === false || wait === undefined ? null : wait
}

/** What a request to purge names. Throws a `Problem`. */
export function subjectOf({ url, tags, prefix, host, all }: PurgeAsked): PurgeSubject {
  const named = [url, tags, prefix, all].filter((each) => each !== undefined).length
  if (named > 1 || (host !== undefined && (tags !== undefined || all !== undefined)))
    throw new Problem(
      400,
      'bad-request',
      'more than one thing is to be purged',
      'give one of url, tags, prefix, host and all; host also goes with url and prefix',
    )
  if (all !== undefined) return { by: 'all' }
  if (tags !== undefined) return { by: 'tags', tags }
  if (url !== undefined) return { by: 'url', ...placed(url, host, 'url') }
  if (prefix !== undefined) {
    const place = placed(prefix, host, 'prefix')
    return { by: 'prefix', prefix: place.url, host: place.host }
  }
  if (host !== undefined) return { by: 'host', host: checkedHost(host, 'http') }
  throw new Problem(400, 'bad-request', 'nothing is named that could be purged', 'give one of url, tags, prefix, host and all')
}

/** Host and path of `http://host/path`, or of a path and a host; byte-exact, as keys have them. */
function placed(text: string, host: string | undefined, what: string): Place {
  const match = /^(https?):\/\/([^/?#]*)([^#]*)/i.exec(text)
  if (match !== null) {
    if (host !== undefined) throw new Problem(400, 'bad-request', `${what} names a host, and host another`, 'leave one of them out')
    const scheme = match[1]?.toLowerCase() === 'https' ? 'https' : 'http'
    const rest = match[3] ?? ''
    return { url: rest.startsWith('/') ? rest : `/${rest}`, host: checkedHost(match[2] ?? '', scheme) }
  }
  if (!text.startsWith('/'))
    throw new Problem(400, 'bad-request', `${what} is neither http://host/path nor a path`, 'write it as http://host/path')
  if (host === undefined)
    throw new Problem(400, 'bad-request', `${what} does not tell the host`, 'write it as http://host/path, or give host as well')
  return { url: text.split('#', 1)[0] ?? '', host: checkedHost(host, 'http') }
}

function checkedHost(host: string, scheme: 'http' | 'https'): string {
  if (isValidHost(host) && host !== '') return normaliseHost(host, scheme)
  throw new Problem(400, 'bad-request', `${JSON.stringify(host)} is no host`, 'write it as a request’s Host field does: name or name:port')
}

/** Of what goes: that which a plain GET brings back. */
class Gone {
  readonly #targets = new Map<string, RefetchTarget>()

  add(object: CachedObject): void {
    const place = placeOf(object.key)
    if (place === null || this.#targets.size >= REFRESH_MOST || object.headers.hasLower('vary') || object.part !== null) return
    if (object.key !== keyPart(place.url) + keyPart(place.host)) return
    const scheme = object.slot?.variant.startsWith('https') === true ? 'https' : 'http'
    this.#targets.set(`${scheme} ${object.key}`, { url: place.url, host: place.host, scheme })
  }

  get targets(): Iterable<RefetchTarget> {
    return this.#targets.values()
  }
}

async function refetchAll(targets: Iterable<RefetchTarget>, refetch: (target: RefetchTarget) => Promise<boolean>): Promise<number> {
  let refreshed = 0
  const queue = targets[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) if (await refetch(next.value)) refreshed++
  }
  await Promise.all(Array.from({ length: REFRESH_AT_ONCE }, work))
  return refreshed
}
