/** wrk as the load, where it is installed: it costs the load's core less than autocannon, so the server is kept busy. Answers are checked by `load.lua`. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectedBody } from '../harness/expect.ts'
import { type Load, type LoadOrder, type LoadResult, type LoadRun, PATIENCE } from '../harness/load.ts'
import { HOT, pathOfKey } from '../harness/paths.ts'
import { installed, onCore } from '../harness/pinning.ts'
import { requestText, SIGNATURE_BYTES } from '../harness/requests.ts'

const SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url))

export async function startWrk(): Promise<Load | null> {
  if (!installed('wrk')) {
    process.stdout.write('left out: wrk is not installed, autocannon drives\n')
    return null
  }
  const directory = mkdtempSync(join(tmpdir(), 'bench-wrk-'))
  return {
    name: 'wrk',
    begin: async (order) => begin(order, directory),
    stop: async () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** The order as `load.lua` reads it. JSON's strings are Lua's, for what is in requests and file names. */
function orderText({ port, scenario, series, seed, age }: LoadOrder, body: string): string {
  const { keys, work, shape, fields, expect } = scenario
  const draw = keys?.draw ?? (work === 'miss' ? 'new' : 'one')
  const path = keys !== null ? pathOfKey(0).replace('0', '@') : work === 'miss' ? '/new/@' : HOT
  const [before = '', after = ''] = requestText(shape, `127.0.0.1:${port}`, path, fields).split('@')
  const entries: readonly (readonly [string, string | number | boolean])[] = [
    ['before', before],
    ['after', after],
    ['draw', draw],
    ['count', keys?.count ?? 0],
    ['series', String(series)],
    ['seed', seed],
    ['status', expect.status],
    ['age', age],
    ['body', body],
    ['common', draw === 'one' ? 0 : SIGNATURE_BYTES],
  ]
  const lines = entries.map(([name, value]) => `  ${name} = ${JSON.stringify(value)},\n`).join('')
  return `order = {\n${lines}  fields = {${expect.fields.map((name) => JSON.stringify(name)).join(', ')}},\n}\n`
}

function begin(order: LoadOrder, directory: string): LoadRun {
  const body = join(directory, `body-${order.series}`)
  const file = join(directory, `order-${order.series}.lua`)
  writeFileSync(body, expectedBody(order.scenario, HOT), 'latin1')
  writeFileSync(file, orderText(order, body))
  const url = `http://127.0.0.1:${order.port}${HOT}`
  const wrk = ['wrk', '-t1', `-c${order.connections}`, `-d${order.seconds}s`, '--timeout', `${PATIENCE}s`, '-s', SCRIPT, url, '--', file]
  const [command = '', ...args] = onCore('load', wrk)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.once('close', () => {
      process.off('exit', kill)
      for (const one of [body, file]) rmSync(one)
      const match = /RESULT (\d+) (\d+)/.exec(text)
      if (match === null) return reject(new Error(`wrk said: ${text}`))
      const [answers = 0, wrong = 0] = match.slice(1).map(Number)
      resolve({ answers, wrong })
    })
  })
  return { result, signal: (signal) => child.kill(signal) }
}
