/** Lifetime as varnishd computes it (VCL `beresp.ttl` before any subroutine): its status list, its clock skew, its default. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { LifetimeSource } from '../../vcl-ts/context.ts'
import type { Message } from './freshness-overrides.ts'
import { varnishStorable } from './status.ts'

/** Ms by which Date may differ from our clock while Expires is read against our clock. */
const CLOCK_SKEW = 10_000

/** Seconds counted from the answer's origin time (receipt less Age); −1 for a status that is not cached by itself. */
export function varnishFreshness(message: Message, decisions: Decisions): { seconds: number; source: LifetimeSource } {
  const { control, status } = message
  const explicit = control.sMaxage !== null || control.maxAge !== null || message.expiresPresent
  if (!varnishStorable(status, explicit)) return { seconds: -1, source: 'none' }
  if (control.sMaxage !== null) return { seconds: control.sMaxage, source: 's-maxage' }
  if (control.maxAge !== null) return { seconds: control.maxAge, source: 'max-age' }
  if (message.expiresPresent) return { seconds: expiresSeconds(message), source: 'Expires' }
  return { seconds: decisions.defaultTtl, source: 'default_ttl' }
}

function expiresSeconds({ expires, date, wall }: Message): number {
  if (expires === null || (date !== null && expires < date)) return 0
  const from = date === null || Math.abs(date - wall) < CLOCK_SKEW ? wall : date
  return Math.max(0, (expires - from) / 1000)
}
