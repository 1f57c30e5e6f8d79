/** What Redis does in one go. Scripts tell Redis's own time, so that what is written ends when it should however late Redis gets to it. */
import type { Script } from '../redis/port.ts'
import { SEAL_BYTES } from '../redis/seal.ts'
import { INDEX_KIND, KIND_AT } from './frame.ts'

/**
 * A lock holds whose it is, and behind that this mark once somebody waits for it. Its end is said on the channel only then: every node hears what is
 * said there, and for most pages nobody waits.
 */
const WAITED = '+'

const TIME = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)"

/**
 * KEYS: what is claimed, the lock. ARGV: who claims, milliseconds until the lock ends by itself, the seal of what was last seen there (`''`:
 * nothing). Answers whether the claim was got (1 or 0), whether anything else lies there now (1 or 0), Redis's time in milliseconds. Where it was not
 * got, its end will be said.
 */
export const CLAIM: Script = {
  name: 'tier-claim',
  lua: `${TIME}
local got = 0
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
  got = 1
else
  local held = redis.call('GET', KEYS[2])
  if string.sub(held, -1) ~= '${WAITED}' then redis.call('SET', KEYS[2], held .. '${WAITED}', 'KEEPTTL') end
end
local changed = 0
if redis.call('GETRANGE', KEYS[1], -${SEAL_BYTES}, -1) ~= ARGV[3] then changed = 1 end
return {got, changed, now}`,
}

/** KEYS: the lock. ARGV: whose, milliseconds. Answers 1, or 0 where it is not theirs any more. */
export const RENEW: Script = {
  name: 'tier-renew',
  lua: `local held = redis.call('GET', KEYS[1])
if held ~= ARGV[1] and held ~= ARGV[1] .. '${WAITED}' then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
}

/**
 * KEYS: the lock. ARGV: whose, a channel, what is said there if anybody waits. Answers 1, or 0 where it is not theirs any more; then nobody knows who
 * waits, and it is said all the same.
 */
export const RELEASE: Script = {
  name: 'tier-release',
  lua: `local held = redis.call('GET', KEYS[1])
local own = 0
if held == ARGV[1] or held == ARGV[1] .. '${WAITED}' then own = redis.call('DEL', KEYS[1]) end
if held ~= ARGV[1] then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return own`,
}

/** KEYS: any of the slot. Answers Redis's time in milliseconds. */
export const NOW: Script = { name: 'tier-time', lua: `${TIME} return now` }

/**
 * KEYS: where it is written, the lock. ARGV: the frame, the moment of Redis's time at which it ends, `set` or `refuse` (not in the place of an
 * index), whose the lock is (`''`: nobody's), a channel, what is said there, as `RELEASE` does. Answers 1, or 0 where nothing was written and the lock
 * is as it was.
 */
export const KEEP: Script = {
  name: 'tier-keep',
  lua: `if ARGV[3] == 'refuse' and redis.call('GETRANGE', KEYS[1], ${KIND_AT}, ${KIND_AT}) == string.char(${INDEX_KIND}) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
if ARGV[4] ~= '' then
  local held = redis.call('GET', KEYS[2])
  if held == ARGV[4] or held == ARGV[4] .. '${WAITED}' then redis.call('DEL', KEYS[2]) end
  if held ~= ARGV[4] then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
end
return 1`,
}
