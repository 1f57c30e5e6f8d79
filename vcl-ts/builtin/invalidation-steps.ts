/** The built-in steps about invalidation: who may purge, what a PURGE asks for, and what it is answered. */
import { type Purge, type Synth, synthetic, verbs } from '../actions.ts'
import type { Client, Purged, Req } from '../context.ts'
import { NameSet } from '../headers.ts'
import { readTags } from '../tags.ts'
import { banOf } from './ban-request.ts'

const NOT_ALLOWED: Synth = synthetic(405, 'Method Not Allowed', null, false)
const NO_TAGS: Synth = synthetic(400, 'No Tags Given', null, false)

const QUEUED = '; queued for the other nodes: Redis cannot be reached'

/** Request fields that make a PURGE one of tags. */
const TAG_FIELDS: readonly string[] = ['xkey', 'xkey-purge', 'surrogate-key', 'cache-tag']
const BAN_TAG_FIELDS: readonly string[] = [...TAG_FIELDS, 'x-cache-tags']
const SOFT_TAG_FIELDS: readonly string[] = ['xkey-softpurge']
const SOFT_FIELDS: readonly string[] = ['x-purge-soft', 'fastly-soft-purge']

/** PURGE and BAN are never forwarded: who may not is answered 405. */
export function invalidation(context: { readonly req: Req; readonly client: Client }): Purge | Synth | undefined {
  const { req } = context
  const { method } = req
  if (method !== 'PURGE' && method !== 'BAN') return undefined
  // Not before: a client is made when somebody asks for it.
  if (!context.client.mayInvalidate) return NOT_ALLOWED
  return method === 'PURGE' ? purgeOf(req) : banOf(req, tagsOf(req, BAN_TAG_FIELDS), asksSoft(req) || asksSoftTags(req, BAN_TAG_FIELDS))
}

/** With tags it purges those, whatever host and URL say, else the URL. */
function purgeOf(req: Req): Purge | Synth {
  const tags = tagsOf(req, TAG_FIELDS)
  if (tags === null) return verbs.purge({ soft: asksSoft(req) })
  return tags.length === 0 ? NO_TAGS : verbs.purge({ tags, soft: asksSoft(req) || asksSoftTags(req, TAG_FIELDS) })
}

/** Where a request names tags both ways, all of them go hard: a copy too few is safe, one too many is not. */
function tagsOf({ headers }: Req, fields: readonly string[]): readonly string[] | null {
  const names = [...fields, ...SOFT_TAG_FIELDS]
  return names.some((name) => headers.hasLower(name)) ? readTags(headers, new NameSet(names)) : null
}

function asksSoft({ headers }: Req): boolean {
  return SOFT_FIELDS.some((name) => headers.getLower(name)?.trim() === '1')
}

function asksSoftTags({ headers }: Req, hard: readonly string[]): boolean {
  return SOFT_TAG_FIELDS.some((name) => headers.hasLower(name)) && !hard.some((name) => headers.hasLower(name))
}

/** English verb and count as reason phrase and text; JSON when the client asks for it. */
export function purgeAnswer(req: Req, { soft, objects, complete, ban, fleet }: Purged): Synth {
  const verb = ban === null ? (soft ? 'Soft-purged' : 'Purged') : 'Banned'
  const phrase = `${verb} ${objects}${complete ? '' : ' so far'}`
  if (!(req.headers.joined('accept') ?? '').toLowerCase().includes('application/json'))
    return synthetic(200, phrase, `${phrase}${fleet === 'queued' ? QUEUED : ''}\n`, false, 'text/plain; charset=utf-8')
  const counts = ban === null ? { purged: soft ? 0 : objects, softPurged: soft ? objects : 0 } : { banned: objects, complete, id: ban }
  const others = fleet === null ? {} : { fleet: { state: fleet } }
  return synthetic(200, phrase, `${JSON.stringify({ status: 'ok', ...counts, ...others })}\n`, false, 'application/json')
}
