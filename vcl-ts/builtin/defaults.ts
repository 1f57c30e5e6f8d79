/** What each hook answers when no policy and no built-in step did. */
import { type Action, verbs } from '../actions.ts'
import type { HookContext } from '../hook-context.ts'
import type { RequestHook } from '../legal.ts'

const HASH = verbs.hash()

export const DEFAULT_ANSWERS: Readonly<Record<Exclude<RequestHook, 'recv'>, Action>> = Object.freeze({
  hash: verbs.lookup(),
  purge: verbs.synth(200, 'Purged'),
  hit: verbs.deliver(),
  miss: verbs.fetch(),
  pass: verbs.fetch(),
  pipe: verbs.pipe(),
  deliver: verbs.deliver(),
  synth: verbs.deliver(),
  backendFetch: verbs.fetch(),
  backendRefresh: verbs.merge(),
  backendResponse: verbs.deliver(),
  backendError: verbs.deliver(),
})

/** Looked up. A request that no step called credentialed is anonymous. */
export function defaultRecv({ req }: Pick<HookContext<'recv'>, 'req'>): Action {
  req.credentialed ??= false
  return HASH
}
