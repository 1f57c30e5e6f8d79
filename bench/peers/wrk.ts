/** wrk as the load, where it is installed: it costs the load's core less than autocannon, so the server is kept busy. Answers are checked by a script in Lua. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Load, LoadOrder, LoadResult } from '../harness/load.ts'
import { installed, onCore } from '../harness/pinning.ts'
import { BODY_BYTES, requestText } from '../harness/requests.ts'

let unique = 0

export async function startWrk(): Promise<Load | null> {
  if (!installed('wrk')) {
    process.stdout.write('left out: wrk is not installed, autocannon drives\n')
    return null
  }
  const directory = mkdtempSync(join(tmpdir(), 'bench-wrk-'))
  return {
    name: 'wrk',
    run: (order) => run(order, join(directory, 'load.lua')),
    stop: async () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Every 64th answer is looked at whole, since a look at each would make wrk the bottleneck; statuses are counted for all. */
function script(order: LoadOrder): string {
  const host = `127.0.0.1:${order.port}`
  const series = unique++
  const [before = '', after = ''] = requestText(order.shape, host, `${order.path}/${series}-@`).split('@')
  const request = order.fresh
    ? `request = function() n = n + 1; return ${JSON.stringify(before)} .. n .. ${JSON.stringify(after)} end`
    : `local whole = ${JSON.stringify(requestText(order.shape, host, order.path))}; request = function() return whole end`
  return `local n = 0
local seen = 0
wrong = 0
local threads = {}
setup = function(thread) table.insert(threads, thread) end
${request}
response = function(status, headers, body)
  seen = seen + 1
  if status ~= 200 then wrong = wrong + 1
  elseif seen % 64 == 0 and (#body ~= ${BODY_BYTES} or (headers["Age"] ~= nil) ~= ${order.age}) then wrong = wrong + 1 end
end
done = function(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, bad, latency:percentile(50), latency:percentile(99)))
end
`
}

function run(order: LoadOrder, path: string): Promise<LoadResult> {
  writeFileSync(path, script(order))
  const [command = '', ...args] = onCore('load', [
    'wrk',
    '-t1',
    `-c${order.connections}`,
    `-d${order.seconds}s`,
    '-s',
    path,
    `http://127.0.0.1:${order.port}${order.path}`,
  ])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('close', () => {
      const match = /RESULT (\d+) (\d+) (\d+) (\d+) (\d+)/.exec(text)
      if (match === null) return reject(new Error(`wrk said: ${text}`))
      const [answers = 0, micros = 0, wrong = 0, p50 = 0, p99 = 0] = match.slice(1).map(Number)
      resolve({ answers, wrong, seconds: micros / 1e6, p50: p50 / 1000, p99: p99 / 1000 })
    })
  })
}
