/**
 * What is done in Redis at one stroke. The log is a stream whose entries have one field, `e`: 40 hexadecimal digits, then the sealed entry. The digits
 * are the SHA-1 of the whole value of the entry before, 40 zeros for the first one ever, so that who knows the SHA-1 of one value (its mark) knows
 * all that stood before it: a log that was rolled back and written on by others has other marks at the same ids.
 */
import type { Script } from '../redis/port.ts'

/** What stands in front of the first entry ever. */
export const NO_MARK: string = '0'.repeat(40)
/** Behind nothing. */
export const NO_ID = '0-0'

/** `holds` answers 1 if the log has that entry at that id, 0 if it has not, 2 if it no longer goes back so far. */
const HOLDS = `
local function order(id)
  local generation, number = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(generation) * 4294967296 + tonumber(number)
end
local function holds(stream, id, mark)
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  local whole = not first or string.sub(first[2][2], 1, 40) == string.rep('0', 40)
  if id == '0-0' then return whole and 1 or 2 end
  local found = redis.call('XRANGE', stream, id, id)[1]
  if found then return redis.sha1hex(found[2][2]) == mark and 1 or 0 end
  if not whole and order(first[1]) > order(id) then return 2 end
  return 0
end
local function last(stream)
  local entry = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if entry then return entry[1], redis.sha1hex(entry[2][2]) end
  return '0-0', string.rep('0', 40)
end`

/**
 * Appends entries, unless what the node knows as the log's entry at `id` is not that any more.
 * KEYS stream. ARGV bound of the stream's length, id, mark, sealed entries. Answers the id of each, or nothing at all.
 */
export const APPEND: Script = {
  name: 'fleet-append',
  lua: `${HOLDS}
if holds(KEYS[1], ARGV[2], ARGV[3]) == 0 then return {} end
local id, mark = last(KEYS[1])
local generation = math.max(1, tonumber(string.match(id, '^(%d+)')))
local ids = {}
for i = 4, #ARGV do
  local value = mark .. ARGV[i]
  ids[#ids + 1] = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], string.format('%d', generation) .. '-*', 'e', value)
  mark = redis.sha1hex(value)
end
return ids`,
}

/**
 * Registers a node, forgets those that are dead.
 * KEYS stream, nodes. ARGV id of the node, what it says of itself, id and mark of the last entry that it has read, milliseconds after which a node is
 * dead. Answers what `holds` says of that entry, the last id, Redis's time in milliseconds, and of each live node: its id, `<time> <what it says>`.
 */
export const BEAT: Script = {
  name: 'fleet-beat',
  lua: `${HOLDS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
local id = last(KEYS[1])
local answer = { holds(KEYS[1], ARGV[3], ARGV[4]), id, string.format('%.0f', now) }
local nodes = redis.call('HGETALL', KEYS[2])
for i = 1, #nodes, 2 do
  local told = tonumber(string.match(nodes[i + 1], '^(%d+) ') or '0')
  if math.abs(now - told) > tonumber(ARGV[5]) then
    redis.call('HDEL', KEYS[2], nodes[i])
  else
    answer[#answer + 1] = nodes[i]
    answer[#answer + 1] = nodes[i + 1]
  end
end
return answer`,
}

/**
 * Finds the last entry that a node and the log have in common. If that is not the last one that the node knows, the log has lost its end: a generation
 * begins, unless one has begun since.
 * KEYS stream. ARGV bound of the stream's length, generation up to which the node knows the log, then, from the newest to the oldest, id, mark and
 * the sealed entry that begins a generation behind it; the last of these is 0-0. Answers the number (from 1) of the entry in common, 0 if the log no
 * longer goes back so far.
 */
export const RAISE: Script = {
  name: 'fleet-raise',
  lua: `${HOLDS}
for i = 3, #ARGV, 3 do
  local there = holds(KEYS[1], ARGV[i], ARGV[i + 1])
  if there == 2 then return 0 end
  if there == 1 then
    local id, mark = last(KEYS[1])
    local known = tonumber(ARGV[2])
    if i > 3 and tonumber(string.match(id, '^(%d+)')) <= known then
      redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], string.format('%d', known + 1) .. '-0', 'e', mark .. ARGV[i + 2])
    end
    return (i - 3) / 3 + 1
  end
end
return 0`,
}

/**
 * Keeps a snapshot, unless there is a newer one.
 * KEYS snapshot. ARGV its position in 16 digits, the value, which begins with these digits, milliseconds that it lives. Answers whether it was kept.
 */
export const SNAPSHOT: Script = {
  name: 'fleet-snapshot',
  lua: `
local there = redis.call('GETRANGE', KEYS[1], 0, 15)
if #there == 16 and there >= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`,
}
