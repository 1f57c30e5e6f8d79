/** What nodes tell each other of their limits, in Redis: a short log of reports, and how far each node has counted it in. */
import type { Script } from '../../redis/port.ts'

/**
 * One round of a node: appends its report, once however often it is asked to, and answers what others reported behind its cursor.
 *
 * KEYS log (stream), nodes (hash). ARGV node, cursor (a stream id; `$`: the end), number of the report, report or nothing, channel or nothing:
 * where the others are called to have a look, milliseconds after which a node that says nothing is left out.
 * Answers nodes that live, the id up to which all others have counted in what was reported (nothing: there are none), the id of this node's last report, its new cursor,
 * Redis's milliseconds, whether there is more, then id and report of each.
 */
export const LIMIT_ROUND: Script = {
  name: 'limit-round',
  lua: `
local ENTRIES = 200
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, cursor, number, report, channel, patience = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])

local function before(a, b)
  local ams, an = string.match(a, '^(%d+)-(%d+)$')
  local bms, bn = string.match(b, '^(%d+)-(%d+)$')
  ams, an, bms, bn = tonumber(ams), tonumber(an), tonumber(bms), tonumber(bn)
  return ams < bms or (ams == bms and an < bn)
end

local live, read, told, own = 1, '', '', '0-0'
local nodes = redis.call('HGETALL', KEYS[2])
for at = 1, #nodes, 2 do
  local heard, theirs, last, id = string.match(nodes[at + 1], '^(%d+) (%d+%-%d+) (%d+) (%d+%-%d+)$')
  if nodes[at] == me then
    if heard then told, own = last, id end
  elseif not heard or math.abs(now - tonumber(heard)) > patience then
    redis.call('HDEL', KEYS[2], nodes[at])
  else
    live = live + 1
    if read == '' or before(theirs, read) then read = theirs end
  end
end

local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local last = newest[1] and newest[1][1] or '0-0'
if cursor == '$' or before(last, cursor) then cursor = last end
-- What is behind it is on its way to this node only.
local counted = cursor

local found = redis.call('XRANGE', KEYS[1], '(' .. cursor, '+', 'COUNT', ENTRIES)
local more = 0
if #found == ENTRIES then more = 1 end
local others = {}
for _, entry in ipairs(found) do
  cursor = entry[1]
  if entry[2][2] ~= me then
    others[#others + 1] = entry[1]
    others[#others + 1] = entry[2][4]
  end
end

if report ~= '' and number ~= told then
  own = redis.call('XADD', KEYS[1], 'MAXLEN', '~', 1000, '*', 'n', me, 'r', report)
  redis.call('PEXPIRE', KEYS[1], 600000)
  told = number
  if more == 0 then cursor = own end
end
if told == '' then told = '0' end
redis.call('HSET', KEYS[2], me, string.format('%d %s %s %s', now, counted, told, own))
redis.call('PEXPIRE', KEYS[2], 600000)
if channel ~= '' then redis.call('PUBLISH', channel, me) end
return { live, read, own, cursor, now, more, unpack(others) }
`,
}

/** A node leaves. KEYS nodes. ARGV node. */
export const LIMIT_LEAVE: Script = { name: 'limit-leave', lua: `return redis.call('HDEL', KEYS[1], ARGV[1])` }
