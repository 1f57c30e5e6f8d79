/** `return (vcl(label))`. */
import type { Hash } from '../actions.ts'
import type { Req } from '../context.ts'
import { handOver as hand } from '../hand-over.ts'
import { rollback } from './request.ts'

interface RecvContext {
  readonly state: object
  readonly req: Req
}

/** Hands the request over as the client sent it: what `recv` has made of it so far is undone. Throws as `handOver` does. */
export function handOver(context: RecvContext, name: string): Hash {
  const { req } = context
  req.backend = null
  const handed = hand(context, name)
  rollback(req)
  req.hashAlwaysMiss = false
  req.hashIgnoreBusy = false
  req.hashIgnoreVary = false
  req.ttl = null
  req.grace = null
  return handed
}
