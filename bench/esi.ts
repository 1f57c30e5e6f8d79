/**
 * What a page of cached fragments costs beside a plain hit of the same bytes, without sockets: `node_modules/.bin/node bench/esi.ts [fragments] [bytes]`.
 * Prints µs of a request, the lowest and the median of the rounds.
 */
import { assemble } from '../src/assembly.ts'
import type { Body } from '../src/body/body.ts'
import { systemClock } from '../src/clock.ts'
import type { ResponseHead } from '../src/request/exchange.ts'
import { MemoryExchange } from '../src/request/memory-exchange.ts'
import { serve } from '../src/request/serve.ts'
import { fakeOrigins } from '../src/testing/fake-origin.ts'
import { HeaderMap } from '../vcl-ts/headers.ts'
import { spread } from './harness/statistics.ts'

const [fragments = 10, bytes = 1000] = process.argv.slice(2).map(Number)
const ROUNDS = 200
const REQUESTS = 300

const text = 't'.repeat(bytes)
const page = `<html>${Array.from({ length: fragments }, (_, at) => `${text}<esi:include src="/fragment/${at}"/>`).join('')}`
const plain = page.replaceAll(/<esi[^>]*>/g, text)
const control = { 'Cache-Control': 'max-age=86400' }
const ANSWERS: Readonly<Record<string, { readonly headers: Readonly<Record<string, string>>; readonly body: string }>> = {
  '/page': { headers: { ...control, 'Surrogate-Control': 'content="ESI/1.0"' }, body: page },
  '/plain': { headers: control, body: plain },
}

const origins = fakeOrigins({
  handler: ({ url }) => ANSWERS[url] ?? { headers: control, body: text },
  clock: systemClock,
  saw: () => {},
  faulty: (cause) => console.error(cause),
})
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const { engine, stores } = assemble({ origin: 'http://origin.test', memory: 1 << 28, eventLog: quiet }, { origins })

/** Takes the answer and lets it go. */
class Passing extends MemoryExchange {
  received = 0

  override respond(head: ResponseHead, body: Body | null): void {
    if (body === null) this.respondWhole(head, null)
    else
      body.read({
        chunk: (chunk) => {
          this.received += chunk.length
          return true
        },
        end: ({ type }) => this.#over(type === 'complete'),
      })
  }

  override respondWhole(_head: ResponseHead, body: Buffer | string | null): void {
    this.received += body?.length ?? 0
    this.#over(true)
  }

  #over(whole: boolean): void {
    if (!whole) throw new Error('the answer broke off')
    this.observer?.ended({ type: 'sent', bytes: this.received, bodyBytes: this.received })
  }
}

const BROWSER: readonly (readonly [name: string, value: string])[] = [
  ['Host', 'www.example.com'],
  ['User-Agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['Accept-Language', 'en-US,en;q=0.5'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
]
const PEER = { address: '192.0.2.1', port: 1024, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false } as const

function ask(target: string): number {
  const headers = new HeaderMap()
  for (const [name, value] of BROWSER) headers.appendRaw(name, name.toLowerCase(), value)
  const exchange = new Passing({ method: 'GET', target, host: 'www.example.com', version: '1.1', headers }, PEER)
  serve(engine, exchange)
  return exchange.received
}

for (const target of Object.keys(ANSWERS)) {
  ask(target)
  await new Promise((resolve) => setTimeout(resolve, 100))
  if (ask(target) !== plain.length) throw new Error(`${target} is not in the cache`)
}
const took: Record<string, number[]> = Object.fromEntries(Object.keys(ANSWERS).map((target) => [target, []]))
for (let round = 0; round < ROUNDS; round++)
  for (const [target, rounds] of Object.entries(took)) {
    const from = performance.now()
    for (let i = 0; i < REQUESTS; i++) ask(target)
    rounds.push(((performance.now() - from) * 1000) / REQUESTS)
  }
for (const [target, rounds] of Object.entries(took)) {
  const { lowest, median } = spread(rounds)
  console.log(`${target.padEnd(8)} ${plain.length} bytes  ${lowest.toFixed(1)} µs (median ${median.toFixed(1)})`)
}
stores.stop()
origins.stop()
process.exit(0)
