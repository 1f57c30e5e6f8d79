/** What a purge is for, and whether it names a key or an object. */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { type Place, placeOf } from './key-text.ts'
import type { CachedObject } from './object.ts'

/** What the table purges; a ban is not carried out but tested. */
export type SubjectPurge = Exclude<PurgeSubject, { by: 'ban' }>

/** A subject as it is asked for many objects. */
export class Selector {
  readonly subject: SubjectPurge
  readonly #tags: ReadonlySet<string>

  constructor(subject: SubjectPurge) {
    this.subject = subject
    this.#tags = new Set(subject.by === 'tags' ? subject.tags : [])
  }

  /** Whether it names whatever is fetched under a key. A key that does not tell URL and host goes with all of them; tags name no key. */
  namesKey(key: string): boolean {
    const { subject } = this
    if (subject.by === 'tags') return false
    return subject.by === 'all' || namesPlace(subject, placeOf(key))
  }

  names(object: CachedObject): boolean {
    const { subject } = this
    if (subject.by === 'all') return true
    if (subject.by !== 'tags') return namesPlace(subject, object.target ?? placeOf(object.key))
    for (const tag of object.tags) if (this.#tags.has(tag)) return true
    return false
  }
}

function namesPlace(subject: Extract<SubjectPurge, { by: 'host' | 'prefix' | 'url' }>, place: Place | null): boolean {
  if (place === null) return true
  if (place.host !== (subject.host ?? '')) return false
  switch (subject.by) {
    case 'host':
      return true
    case 'prefix':
      return place.url.startsWith(subject.prefix)
    case 'url':
      return place.url === subject.url
    default:
      return subject satisfies never
  }
}
