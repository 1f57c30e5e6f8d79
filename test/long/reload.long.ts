/** 1,000 reloads of a policy under load: nothing fails, every request sees one policy, and the process holds what it held before. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createServer } from '../../src/index.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'

const RELOADS = Number(process.env['RELOADS'] ?? 1000)
const CLIENTS = 8
/** Bytes that the heap may differ after a collection. */
const HEAP_SLACK = 4 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** A policy of some 40 KB of code, each version unlike the others. */
function version(number: number): string {
  const rules = Array.from(
    { length: 300 },
    (_, rule) => `  if (req.url === '/rule-${rule}/${number}') req.headers.set('X-Rule', '${'x'.repeat(60)}')`,
  )
  return `import { definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  recv({ req }) {
  req.headers.set('X-Recv', '${number}')
${rules.join('\n')}
  },
  deliver({ req, resp }) { resp.headers.set('X-Policy', req.headers.get('x-recv') + ' ${number}') },
})`
}

async function heap(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}

test(`${RELOADS} reloads under load fail nothing and leave nothing behind`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clearcoat-reload-'))
  const file = join(folder, 'shop.ts')
  writeFileSync(file, version(0))
  const origin = await ScriptedOrigin.start((_hit, response) =>
    response.writeHead(200, { 'Cache-Control': 'max-age=3600', 'Content-Length': 1 }).end('x'),
  )
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const server = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], policyFile: file, eventLog: quiet })
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request(`http://${server.addresses[0]}${path}`, { agent }, (response) => {
        response.resume().on('end', () => resolve(`${response.statusCode} ${response.headers['x-cache']} ${response.headers['x-policy']}`))
      })
        .on('error', reject)
        .end()
    })
  let running = true
  let requests = 0
  const wrong: string[] = []
  const client = async (): Promise<void> => {
    while (running) {
      requests++
      const answer = await ask('/').catch(String)
      if (!/^200 HIT (\d+) \1$/.test(answer)) wrong.push(answer)
    }
  }
  const reload = async (from: number, to: number): Promise<void> => {
    for (let number = from; number <= to; number++) {
      writeFileSync(file, version(number))
      if (!(await server.policies.reload())) wrong.push(`reload ${number} was refused`)
    }
  }
  try {
    await ask('/')
    const clients = Array.from({ length: CLIENTS }, client)
    // As many as are kept, so that both measurements hold the same.
    await reload(1, 20)
    const before = await heap()
    await reload(21, RELOADS + 20)
    const after = await heap()
    running = false
    await Promise.all(clients)
    const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
    console.log(`reload: ${RELOADS} reloads, ${requests} requests, ${wrong.length} wrong, heap ${mib(before)} → ${mib(after)} MiB`)
    expect(wrong.slice(0, 10)).toEqual([])
    expect(server.policies.list()).toHaveLength(10)
    expect(after - before).toBeLessThan(HEAP_SLACK)
  } finally {
    running = false
    agent.destroy()
    await server.close()
    await origin.close()
    rmSync(folder, { recursive: true })
  }
})
