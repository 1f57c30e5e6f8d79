/** A thread that stores, reads and purges as fast as it can, and tells of everything that is not as it should be. */
import { setTimeout as after, setImmediate as turn } from 'node:timers/promises'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { clockOf } from '../../../../src/clock.ts'
import { resolveSettings } from '../../../../src/config/resolve.ts'
import { Counters } from '../../../../src/counters.ts'
import type { Claim } from '../../../../src/object/claim.ts'
import { FillBudget } from '../../../../src/object/fill-budget.ts'
import { Filling } from '../../../../src/object/filling.ts'
import type { CachedObject } from '../../../../src/object/object.ts'
import { PortChannel } from '../../../../src/object/shared/channel.ts'
import { bodyOf } from '../../../../src/object/stored-body.ts'
import { createStores } from '../../../../src/stores.ts'
import { seeded } from '../../../cache-attacks/interleaving.ts'
import { ask, object } from '../../things.ts'
import { bodyFor, Comparing, fieldsFor, KEYS, keyName, namesOf, TAGS, tagName, variantFor, wrongIn } from './content.ts'
import { type Begin, COUNTED, type FromThread, type ToThread } from './torn-thread-messages.ts'

const port = parentPort as MessagePort
const begin = workerData as Begin
const { versions, floors, counts } = begin
const random = seeded(begin.seed)
const clock = clockOf(begin.origin)
const stores = createStores(
  { settings: resolveSettings({ memory: begin.budget }), clock, counters: new Counters() },
  { role: 'worker', memory: begin.memory, participant: begin.participant, librarian: new PortChannel(begin.librarian) },
)
const { table } = stores
const limits = { keep: 4 * 1024 * 1024, window: 1024 * 1024, budget: new FillBudget(64 * 1024 * 1024) }
/** Milliseconds for which who waits is waited for at the end. */
const PATIENCE = 15_000
let stopped = false
let pending = 0

function post(message: FromThread): void {
  port.postMessage(message)
}

function count(what: (typeof COUNTED)[number]): void {
  Atomics.add(counts, COUNTED.indexOf(what), 1)
}

function tell(what: string | null): void {
  if (what !== null) post({ type: 'wrong', what })
}

interface Request {
  readonly key: number
  readonly fields: Readonly<Record<string, string>>
  readonly floor: number
}

function got(found: CachedObject, { key, fields, floor }: Request): void {
  const variant = variantFor(key, fields)
  const wrong = wrongIn(found, key, variant, floor)
  tell(wrong)
  if (wrong !== null) return
  pending++
  const version = found.lastModified ?? -1
  found.body.read(
    new Comparing(bodyFor(key, version, variant), (torn) => {
      pending--
      tell(torn === null ? null : `${keyName(key)}, version ${version}, handle ${found.handle}: ${torn}`)
    }),
  )
}

function request(): Request {
  // Some keys are asked for more than others.
  const key = Math.floor(KEYS * random() ** 2)
  return { key, fields: { 'x-v': random() < 0.5 ? 'a' : 'b' }, floor: Atomics.load(floors, key) }
}

function lookUp(wanted: Request): void {
  const { key, fields } = wanted
  const found = table.find(ask({ key: keyName(key), fields, now: clock.now(), alwaysMiss: random() < 0.05 }))
  switch (found.type) {
    case 'object':
      count('hits')
      got(found.object, wanted)
      if (found.claim !== null) fetch(found.claim, wanted)
      return
    case 'fetch':
      if (found.claim !== null) fetch(found.claim, wanted)
      return
    case 'wait':
    case 'away':
      count(found.type === 'wait' ? 'waits' : 'away')
      pending++
      table.wait(found.claim, {
        released(outcome) {
          pending--
          if (outcome.type === 'object' && outcome.variant === variantFor(key, fields) && outcome.names.join() === namesOf(key).join()) {
            count('joined')
            got(outcome.object, wanted)
          } else if (found.type === 'away') lookUp(wanted)
        },
      })
      return
    case 'refused':
      return
    default:
      found satisfies never
  }
}

/** The origin answers at once, or piece by piece. */
function fetch(claim: Claim, { key, fields }: Request): void {
  const { position } = claim
  table.flights.begin(position)
  const version = Atomics.load(versions, key)
  const variant = variantFor(key, fields)
  const body = bodyFor(key, version, variant)
  const made = object({
    key: keyName(key),
    position,
    at: clock.now(),
    ttl: 3600,
    body: bodyOf(body),
    lastModified: version,
    tags: [tagName(key)],
    ...fieldsFor(key, version, variant),
  })
  const names = namesOf(key)
  const end = (kept: boolean): void => {
    count(kept && table.complete(made) ? 'stores' : 'unkept')
    if (!kept) table.discard(made)
    table.flights.end(position)
  }
  if (random() < 0.5) {
    table.publish(claim, made, names, variant, true)
    end(true)
    return
  }
  const filling: Filling = new Filling(body.length, true, limits, {
    oversize: () => table.discard(made),
    deserted: () => {},
    filled(how, stored) {
      if (stored !== null) made.body = stored
      end(how.type === 'complete' && stored !== null)
    },
  })
  made.body = filling
  table.publish(claim, made, names, variant, true)
  void fill(filling, body, random() < 0.1)
}

async function fill(filling: Filling, body: Buffer, breaks: boolean): Promise<void> {
  pending++
  const piece = Math.ceil(body.length / 3) + 1
  for (let at = 0; at < body.length; at += piece) {
    await turn()
    filling.chunk(Buffer.from(body.subarray(at, at + piece)))
  }
  await turn()
  filling.end(breaks ? { type: 'reset', cause: new Error('broken') } : { type: 'complete' })
  pending--
}

/** What has been purged changed before. */
async function purge(): Promise<void> {
  count('purges')
  const key = Math.floor(random() * KEYS)
  const byTag = random() < 0.3
  const keys = byTag ? [...Array(KEYS).keys()].filter((other) => other % TAGS === key % TAGS) : [key]
  const purged = keys.map((each) => [each, Atomics.add(versions, each, 1) + 1] as const)
  pending++
  if (byTag) await stores.invalidation.purge({ by: 'tags', tags: [tagName(key)] }, false)
  else await stores.invalidation.purgeKey(keyName(key), false)
  pending--
  for (const [each, version] of purged) raise(each, version)
}

function raise(key: number, to: number): void {
  for (;;) {
    const floor = Atomics.load(floors, key)
    if (floor >= to || Atomics.compareExchange(floors, key, floor, to) === floor) return
  }
}

port.on('message', (message: ToThread) => {
  if (message.type === 'meet') stores.shared?.meet(message.participant, new PortChannel(message.port))
  else if (message.type === 'miss') stores.shared?.miss(message.participant)
  else stopped = true
})

post({ type: 'ready' })
while (!stopped) {
  for (let i = 0; i < 20; i++) lookUp(request())
  if (random() < 0.1) void purge()
  await turn()
}
for (const end = performance.now() + PATIENCE; pending > 0 && performance.now() < end; ) await after(5)
post({ type: 'stopped', pending })
