/**
 * Clearcoat with objects that came from an origin in its own process, since storing a million through sockets takes minutes; the engine and its
 * sockets are those of the command. Arguments: memory, number of keys, bytes of a body.
 */
import { assemble } from '../../src/assembly.ts'
import { systemClock } from '../../src/clock.ts'
import { parseSize } from '../../src/config/size.ts'
import { createListener } from '../../src/listen/listener.ts'
import { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { refused } from '../../src/request/refused.ts'
import { serve } from '../../src/request/serve.ts'
import { fakeOrigins } from '../../src/testing/fake-origin.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { answering } from '../harness/answering.ts'
import { pathOfKey } from '../harness/paths.ts'
import { bodyOf, originHead } from '../harness/requests.ts'

const [memory = '', keys, bytes] = process.argv.slice(2)
const budget = parseSize(memory) ?? 0
const count = Number(keys)
const bodyBytes = Number(bytes)
/** Requests at a time. */
const BATCH = 100

const fields = originHead(true, bodyBytes)
  .split('\r\n')
  .slice(1)
  .filter((line) => line !== '')
  .map((line) => line.split(': ') as [name: string, value: string])
const origins = fakeOrigins({
  handler: ({ url }) => ({ headers: Object.fromEntries(fields), body: bodyOf(url, bodyBytes) }),
  clock: systemClock,
  saw: () => {},
  faulty: (cause) => console.error(cause),
})
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const { engine, settings, clock, counters, log, policies, table } = assemble(
  { origin: 'http://origin.test', memory: budget, eventLog: quiet },
  { origins },
)
await policies.open(null)
const listener = await createListener({
  address: '127.0.0.1:0',
  settings,
  clock,
  counters,
  log,
  isTrusted: engine.isTrusted,
  handler: (exchange) => serve(engine, exchange),
  onRefused: (peer, status, reason) => refused(engine, peer, status, reason),
})
const port = Number(listener.address.split(':').at(-1))
const host = `127.0.0.1:${port}`
const peer = { address: '127.0.0.1', port: 1, localAddress: '127.0.0.1', localPort: port, scheme: 'http', trusted: false } as const

for (let key = 0; key < count; ) {
  const batch: Promise<unknown>[] = []
  for (const end = Math.min(count, key + BATCH); key < end; key++) {
    const headers = HeaderMap.of([['Host', host]])
    const exchange = new MemoryExchange({ method: 'GET', target: pathOfKey(key), host, version: '1.1', headers }, peer, null)
    serve(engine, exchange)
    batch.push(exchange.answered)
  }
  await Promise.all(batch)
}
if (table.objects !== count) throw new Error(`${table.objects} of ${count} keys were stored`)
answering(port)
