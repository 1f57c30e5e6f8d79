/** A stored object as a ban sees it, with what a test wants to differ. */
import type { BanSubject } from '../../vcl-ts/ban.ts'

export interface SubjectChanges extends Partial<Omit<BanSubject, 'header' | 'requestHeader' | 'hasTag'>> {
  readonly headers?: Readonly<Record<string, string>>
  readonly requestHeaders?: Readonly<Record<string, string>>
  readonly tags?: readonly string[]
}

export function subject({ headers = {}, requestHeaders = {}, tags = [], ...changes }: SubjectChanges = {}): BanSubject {
  return {
    url: '/',
    host: 'www.example',
    status: 200,
    header: (name) => headers[name],
    requestHeader: (name) => requestHeaders[name],
    hasTag: (tag) => tags.includes(tag),
    age: 0,
    ttl: 60,
    grace: 0,
    keep: 0,
    ...changes,
  }
}
