/** The built-in steps about invalidation: who may purge, what a PURGE asks for, and what it is answered. */
import { type Action, type Synth, synthetic, verbs } from '../actions.ts'
import type { Client, Purged, Req } from '../context.ts'
import { readTags } from '../tags.ts'

const NOT_ALLOWED: Synth = synthetic(405, 'Method Not Allowed', null, false)
const NO_TAGS: Synth = synthetic(400, 'No Tags Given', null, false)

/** Request fields that make a PURGE one of tags. */
const TAG_FIELDS: readonly string[] = ['xkey', 'xkey-purge', 'surrogate-key', 'cache-tag']
const SOFT_TAG_FIELDS: readonly string[] = ['xkey-softpurge']
const SOFT_FIELDS: readonly string[] = ['x-purge-soft', 'fastly-soft-purge']

/** PURGE is never forwarded: who may not is answered 405. With tags it purges those, whatever host and URL say, else the URL. */
export function invalidation(req: Req, client: Client): Action | undefined {
  if (req.method !== 'PURGE') return undefined
  if (!client.mayInvalidate) return NOT_ALLOWED
  const hard = TAG_FIELDS.some((name) => req.headers.hasLower(name))
  const soft = SOFT_TAG_FIELDS.some((name) => req.headers.hasLower(name))
  const asksSoft = SOFT_FIELDS.some((name) => req.headers.getLower(name)?.trim() === '1')
  if (!hard && !soft) return verbs.purge({ soft: asksSoft })
  // Where a request names tags both ways, all of them go: a copy too few is safe, one too many is not.
  const tags = readTags(req.headers, new Set([...TAG_FIELDS, ...SOFT_TAG_FIELDS]))
  return tags.length === 0 ? NO_TAGS : verbs.purge({ tags, soft: asksSoft || !hard })
}

/** English verb and count as reason phrase and text; JSON when the client asks for it. */
export function purgeAnswer(req: Req, { soft, objects }: Purged): Synth {
  const phrase = `${soft ? 'Soft-purged' : 'Purged'} ${objects}`
  if (!(req.headers.joined('accept') ?? '').toLowerCase().includes('application/json'))
    return synthetic(200, phrase, `${phrase}\n`, false, 'text/plain; charset=utf-8')
  const counts = { status: 'ok', purged: soft ? 0 : objects, softPurged: soft ? objects : 0 }
  return synthetic(200, phrase, `${JSON.stringify(counts)}\n`, false, 'application/json')
}
