/** What Redis does in one go. Scripts tell Redis's own time, so that what is written ends when it should however late Redis gets to it. */
import type { Script } from '../redis/port.ts'
import { SEAL_BYTES } from '../redis/seal.ts'
import { INDEX_KIND, KIND_AT } from './frame.ts'

const TIME = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)"

/**
 * KEYS: what is claimed, the lock. ARGV: who claims, milliseconds until the lock ends by itself, the seal of what was last seen there (`''`:
 * nothing). Answers whether the claim was got (1 or 0), whether anything else lies there now (1 or 0), Redis's time in milliseconds.
 */
export const CLAIM: Script = {
  name: 'tier-claim',
  lua: `${TIME}
local got = 0
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then got = 1 end
local changed = 0
if redis.call('GETRANGE', KEYS[1], -${SEAL_BYTES}, -1) ~= ARGV[3] then changed = 1 end
return {got, changed, now}`,
}

/** KEYS: the lock. ARGV: whose, milliseconds. Answers 1, or 0 where it is not theirs any more. */
export const RENEW: Script = {
  name: 'tier-renew',
  lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
}

/** KEYS: the lock. ARGV: whose, a channel, what is said there. Answers 1, or 0 where it is not theirs any more; it is said all the same. */
export const RELEASE: Script = {
  name: 'tier-release',
  lua: `local own = 0
if redis.call('GET', KEYS[1]) == ARGV[1] then own = redis.call('DEL', KEYS[1]) end
redis.call('PUBLISH', ARGV[2], ARGV[3])
return own`,
}

/** KEYS: any of the slot. Answers Redis's time in milliseconds. */
export const NOW: Script = { name: 'tier-time', lua: `${TIME} return now` }

/**
 * KEYS: where it is written, the lock. ARGV: the frame, the moment of Redis's time at which it ends, `set` or `refuse` (not in the place of an
 * index), whose the lock is (`''`: nobody's), a channel, what is said there. Answers 1, or 0 where nothing was written and the lock is as it was.
 */
export const KEEP: Script = {
  name: 'tier-keep',
  lua: `if ARGV[3] == 'refuse' and redis.call('GETRANGE', KEYS[1], ${KIND_AT}, ${KIND_AT}) == string.char(${INDEX_KIND}) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
if ARGV[4] ~= '' then
  if redis.call('GET', KEYS[2]) == ARGV[4] then redis.call('DEL', KEYS[2]) end
  redis.call('PUBLISH', ARGV[5], ARGV[6])
end
return 1`,
}
