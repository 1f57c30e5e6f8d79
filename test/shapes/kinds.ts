/**
 * Run with --allow-natives-syntax: sends requests of all kinds through an engine without sockets and prints, for each class of object that
 * a request makes, how many hidden classes its instances have. One is what V8's inline caches want.
 */
import { assemble } from '../../src/assembly.ts'
import { systemClock } from '../../src/clock.ts'
import { EMPTY_BODY } from '../../src/object/stored-body.ts'
import type { ResponseHead } from '../../src/request/exchange.ts'
import { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { serve } from '../../src/request/serve.ts'
import * as steps from '../../src/request/step.ts'
import type { OriginReply } from '../../src/testing/fake-origin.ts'
import { fakeOrigins } from '../../src/testing/fake-origin.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'

const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean

const seen = new Map<string, object[]>()

function note(name: string, instance: object): void {
  const kinds = seen.get(name) ?? []
  if (!kinds.some((kind) => haveSameMap(kind, instance))) kinds.push(instance)
  seen.set(name, kinds)
}

class Noting extends MemoryExchange {
  override respondWhole(head: ResponseHead, body: Buffer | null): void {
    note('ResponseHead', head)
    super.respondWhole(head, body)
  }
}

const answer = ({ url }: { readonly url: string }): OriginReply => {
  if (url.startsWith('/private')) return { headers: { 'Cache-Control': 'private' }, body: 'p' }
  if (url.startsWith('/vary')) return { headers: { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language', xkey: 'a b' }, body: 'v' }
  if (url.startsWith('/gone')) return { status: 404, headers: { 'Cache-Control': 'max-age=60' }, body: '' }
  if (url.startsWith('/down')) return { fails: 'refuse' }
  return { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' }, body: 'page' }
}

const origins = fakeOrigins({ handler: answer, clock: systemClock, saw: () => {}, faulty: (cause) => console.error(cause) })
const quiet = { info: () => {}, warn: () => {}, error: () => {} }
const { engine, table, stores } = assemble({ origin: 'http://origin.test', memory: 1 << 26, eventLog: quiet }, { origins })

async function ask(method: string, target: string, fields: HeaderPairs = []): Promise<void> {
  const headers = HeaderMap.of([['Host', 'www.example'], ...fields])
  const peer = { address: '192.0.2.1', port: 1, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false } as const
  const body = method === 'POST' ? EMPTY_BODY : null
  const exchange = new Noting({ method, target, host: 'www.example', version: '1.1', headers }, peer, body)
  serve(engine, exchange)
  if (exchange.observer !== null) note('RequestTransaction', exchange.observer)
  const { req } = exchange.observer as unknown as { readonly req: object }
  note('ClientRequest', req)
  note('HeaderMap', headers)
  await exchange.answered
  if (exchange.observer !== null) note('RequestTransaction', exchange.observer)
}

const KINDS: readonly (readonly [method: string, target: string, fields?: HeaderPairs])[] = [
  ['GET', '/a'],
  ['GET', '/a'],
  ['HEAD', '/a'],
  ['GET', '/a', [['If-None-Match', '"1"']]],
  ['GET', '/a', [['Range', 'bytes=0-1']]],
  [
    'GET',
    '/a',
    [
      ['Cookie', 'session=1'],
      ['Cache-Control', 'no-cache'],
      ['User-Agent', 'x'],
    ],
  ],
  ['GET', '/private'],
  ['GET', '/private'],
  ['GET', '/vary', [['Accept-Language', 'de']]],
  ['GET', '/vary', [['Accept-Language', 'en']]],
  ['GET', '/gone'],
  ['GET', '/down'],
  ['POST', '/a'],
  ['PURGE', '/a'],
  ['BREW', '/a'],
]
for (let round = 0; round < 20; round++) for (const [method, target, fields] of KINDS) await ask(method, `${target}?${round % 10}`, fields)
for (const object of table.stored()) {
  note('CachedObject', object)
  note('HeaderMap', object.headers)
}
// Of what a step carries only its being there matters.
const some = {} as never
const { WAIT, DONE, LOOKUP, RECV, RESTART, PIPE } = steps
for (const step of [WAIT, DONE, LOOKUP, RECV, RESTART, PIPE]) note('RequestStep', step)
note('RequestStep', steps.keyFor('lookup', 'ABSENT'))
note('RequestStep', steps.keyForPurge(true, some))
note('RequestStep', steps.keyForSynth(some))
note('RequestStep', steps.purgeStep(false, null))
note('RequestStep', steps.synthStep(some))
note('RequestStep', steps.recallStep(some, some, null, 'ABSENT'))
note('RequestStep', steps.hitStep(some, 'fresh', null, 'HIT'))
note('RequestStep', steps.missStep(some, some, 'ABSENT', some))
note('RequestStep', steps.hitForMissStep(null))
note('RequestStep', steps.passStep('METHOD'))
note('RequestStep', steps.hitForPassStep(some))
note('RequestStep', steps.deliverStep(some))
note('RequestStep', steps.transmitStep(some))
stores.stop()
process.stdout.write(`${JSON.stringify(Object.fromEntries([...seen].map(([name, kinds]) => [name, kinds.length])))}\n`)
