-- wrk's side of a run. `wrk … -- FILE`: the file sets `order`, a table of
--   before, after   the request around what makes its path
--   draw            "one", "new", "uniform" or "zipf"; with `count` keys and `seed`, or a `series` for new ones
--   status, age     what every answer has to have; `fields` names that must be there
--   body, common    a file with the whole body, and how many bytes at its beginning differ from path to path

local n = 0
local whole, tail

function init(args)
  dofile(args[1])
  local file = io.open(order.body, "rb")
  whole = file:read("*a")
  file:close()
  tail = string.sub(whole, order.common + 1)
  math.randomseed(order.seed)
  wrong = 0
  request = _G["request_" .. order.draw]
end

function request_one() return order.before end

function request_new()
  n = n + 1
  return order.before .. order.series .. "-" .. n .. order.after
end

function request_uniform() return order.before .. math.floor(math.random() * order.count) .. order.after end

-- Exponent 1, by inverting the continuous distribution; bench/harness/paths.ts does the same.
function request_zipf() return order.before .. (math.floor((order.count + 1) ^ math.random()) - 1) .. order.after end

request = request_one

local function right(status, headers, body)
  if status ~= order.status or (headers["Age"] ~= nil) ~= order.age then return false end
  for _, name in ipairs(order.fields) do
    if headers[name] == nil then return false end
  end
  if order.draw == "one" then return body == whole end
  return #body == #whole and string.byte(body) == 47 and string.sub(body, order.common + 1) == tail
end

function response(status, headers, body)
  if not right(status, headers, body) then wrong = wrong + 1 end
end

local threads = {}
function setup(thread) table.insert(threads, thread) end

function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  io.write(string.format("RESULT %d %d\n", summary.requests, bad))
end
