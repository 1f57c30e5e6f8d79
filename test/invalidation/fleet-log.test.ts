import { describe, expect, it } from 'vitest'
import { idOf, positionOf } from '../../src/invalidation/fleet.ts'
import { matcherOf } from '../../src/invalidation/fleet-bans.ts'
import { FleetLog, type FleetLogInit } from '../../src/invalidation/fleet-log.ts'
import { snapshotOf } from '../../src/invalidation/fleet-snapshot.ts'
import { BanView } from '../../src/object/ban-view.ts'
import type { FleetEntry, FleetVerdict } from '../../src/object/fleet-view.ts'
import { keyOf, placeOf } from '../../src/object/key-text.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { Selector } from '../../src/object/subject.ts'
import { object } from '../object/things.ts'
import fc from '../support/properties.ts'

const at = (number: number, generation: number = 1): number => positionOf(`${generation}-${number}`)
const key = (text: string, soft: boolean = false): FleetEntry => ({ do: 'key', key: text, soft })
const tags = (...names: string[]): FleetEntry => ({ do: 'subject', subject: { by: 'tags', tags: names }, soft: false })
const ban = (text: string): FleetEntry => ({ do: 'ban', text })

function logOf(...entries: readonly FleetEntry[]): FleetLog {
  const log = new FleetLog()
  log.start(0)
  for (const [index, entry] of entries.entries()) log.apply(at(index + 1), entry, null)
  return log
}

function verdict(log: FleetLog, thing: CachedObject, since: number): FleetVerdict {
  return log.verdict(thing, [], '', since, 0)
}

describe('positions of the fleet', () => {
  it('are ids of the stream, and ids positions', () => {
    expect(idOf(positionOf('3-7'))).toBe('3-7')
    expect(positionOf('1-4294967295')).toBeLessThan(positionOf('2-0'))
  })
})

describe('the log of the fleet', () => {
  it('judges what was fetched before an entry, and not what was fetched after it', () => {
    const log = logOf(key('k'), key('s', true), tags('a'), ban('obj.status == 404'))
    expect([at(0), at(1)].map((since) => verdict(log, object({ key: 'k' }), since))).toEqual(['hard', 'valid'])
    expect([at(1), at(2)].map((since) => verdict(log, object({ key: 's' }), since))).toEqual(['soft', 'valid'])
    expect([at(2), at(3)].map((since) => verdict(log, object({ key: 'o', tags: new Set(['a']) }), since))).toEqual(['hard', 'valid'])
    expect([at(3), at(4)].map((since) => verdict(log, object({ key: 'o', status: 404 }), since))).toEqual(['hard', 'valid'])
    expect(log.position).toBe(at(4))
  })

  it('cannot tell of what began later than all that it knows: that may be of a log that was lost', () => {
    const log = logOf(key('k'))
    expect([at(1), at(2)].map((since) => verdict(log, object({ key: 'k' }), since))).toEqual(['valid', 'unknown'])
    expect([at(1), at(2)].map((since) => log.refusalVerdict('k', since))).toEqual(['valid', 'unknown'])
  })

  it('lets an own entry be in force for everything until it has its place', () => {
    const log = logOf()
    log.pend('me:1', key('k'))
    expect(verdict(log, object({ key: 'o' }), 0)).toBe('valid')
    expect(verdict(log, object({ key: 'k' }), at(9))).toBe('hard')
    log.apply(at(5), key('k'), 'me:1')
    expect([at(4), at(5)].map((since) => verdict(log, object({ key: 'k' }), since))).toEqual(['hard', 'valid'])
  })

  it.each([
    ['tags', tags('a', 'a'), object({ tags: new Set(['a']) }), object({ tags: new Set(['b']) })],
    ['a ban', ban('obj.status == 404'), object({ status: 404 }), object({})],
    [
      'a URL',
      { do: 'subject', subject: { by: 'url', url: '/x', host: 'h' }, soft: false },
      object({ key: `${keyOf({ url: '/x', host: 'h' })}1:z` }),
      object({ key: keyOf({ url: '/y', host: 'h' }) }),
    ],
    [
      'a host',
      { do: 'subject', subject: { by: 'host', host: 'h' }, soft: false },
      object({ key: keyOf({ url: '/x', host: 'h' }) }),
      object({ key: keyOf({ url: '/x', host: 'hh' }) }),
    ],
    [
      'a prefix',
      { do: 'subject', subject: { by: 'prefix', prefix: '/x', host: 'h' }, soft: false },
      object({ key: keyOf({ url: '/xx', host: 'h' }) }),
      object({ key: keyOf({ url: '/y', host: 'h' }) }),
    ],
  ] as const)('forgets pending %s when it has its place elsewhere, or none at all', (_, entry, named, other) => {
    const log = logOf()
    log.start(at(9))
    log.pend('me:1', entry)
    log.pend('me:2', entry)
    expect([verdict(log, named, at(9)), verdict(log, other, at(9))]).toEqual(['hard', 'valid'])
    log.withdraw(['me:1'])
    expect(verdict(log, named, at(9))).toBe('hard')
    log.withdraw(['me:2', 'unheard of'])
    expect([verdict(log, named, at(9)), log.pending]).toEqual(['valid', []])
  })

  it('ends refusals by what is hard alone', () => {
    const log = logOf(key('s', true), key('k'))
    expect(['s', 'k'].map((name) => log.refusalVerdict(name, 0))).toEqual(['valid', 'hard'])
    log.pend('me:1', key('p'))
    expect([log.refusalVerdict('p', at(9)), log.refusalVerdict('k', at(2))]).toEqual(['hard', 'valid'])
  })

  it('cannot tell of what began in an interval that was lost', () => {
    const log = logOf(key('a'), key('b'), key('c'))
    log.apply(at(0, 2), { do: 'generation', kept: at(1) }, null)
    const since = [at(1), at(2), at(3), at(7), at(0, 2)]
    expect(since.map((position) => verdict(log, object({ key: 'o' }), position))).toEqual([
      'valid',
      'unknown',
      'unknown',
      'unknown',
      'valid',
    ])
    expect(log.refusalVerdict('o', at(2))).toBe('unknown')
    // What it had heard of is still so.
    expect(verdict(log, object({ key: 'c' }), at(1))).toBe('hard')
    expect(log.position).toBe(at(0, 2))
  })

  it('cannot tell of anything older where nothing was kept', () => {
    const log = logOf(key('a'))
    log.apply(at(0, 2), { do: 'generation', kept: 0 }, null)
    expect([0, at(1), at(0, 2)].map((since) => verdict(log, object({ key: 'o' }), since))).toEqual(['unknown', 'unknown', 'valid'])
  })

  it('records what comes late as the newest', () => {
    const log = logOf(key('a'), key('b'), key('c'))
    log.apply(at(2), key('late'), 'other:1')
    expect(verdict(log, object({ key: 'late' }), at(2))).toBe('hard')
    expect(log.position).toBe(at(3))
  })

  it('is ready once it has begun, and while it hears of the log', () => {
    const log = new FleetLog()
    expect(log.ready).toBe(false)
    log.start(at(3))
    expect([log.ready, verdict(log, object(), at(2)), verdict(log, object(), at(3))]).toEqual([true, 'unknown', 'valid'])
    log.heard(false)
    expect(log.ready).toBe(false)
  })

  it('forgets the oldest of too many bans, and takes what is no ban for one that might name anything', () => {
    const log = new FleetLog({ bans: 2 })
    log.start(0)
    for (const [index, status] of [500, 501, 502].entries()) log.apply(at(index + 1), ban(`obj.status == ${status}`), null)
    expect([at(0), at(1)].map((since) => verdict(log, object({ status: 200 }), since))).toEqual(['unknown', 'valid'])
    expect(verdict(log, object({ status: 501 }), at(1))).toBe('hard')
    log.apply(at(4), ban('what a later version knows'), null)
    expect(verdict(log, object(), at(3))).toBe('unknown')
    expect(verdict(log, object(), at(4))).toBe('valid')
    log.pend('me:1', ban('what a later version knows'))
    expect(verdict(log, object(), at(4))).toBe('hard')
  })

  it('goes over to another thread or node as plain data', () => {
    const log = logOf(key('k'), tags('a'), ban('obj.status == 404'), { do: 'subject', subject: { by: 'all' }, soft: true })
    log.lose(at(1), at(2))
    const copy = new FleetLog()
    const text = JSON.stringify(log.snapshot())
    copy.begin(snapshotOf(JSON.parse(text)) ?? log.snapshot(), [{ uid: 'me:1', entry: key('p') }])
    expect(JSON.stringify(copy.snapshot())).toBe(text)
    expect(structuredClone(log.snapshot())).toEqual(log.snapshot())
    expect(verdict(copy, object({ key: 'p' }), at(9))).toBe('hard')
    expect([copy.ready, copy.position]).toEqual([true, at(4)])
  })

  it('leaves out the oldest of a snapshot that is too large', () => {
    const log = logOf(...Array.from({ length: 100 }, (_, index) => key(`key ${index}`)))
    const small = log.snapshot(1000)
    expect(JSON.stringify(small).length).toBeLessThan(1200)
    expect(small.keys.length).toBeGreaterThan(5)
    expect(small.floor).toBe(at(100 - small.keys.length))
    const copy = new FleetLog()
    copy.load(small)
    expect([verdict(copy, object({ key: 'new' }), at(3)), verdict(copy, object({ key: 'new' }), small.floor)]).toEqual(['unknown', 'valid'])
  })

  it.each(['[]', 'null', '{"position":1}', JSON.stringify({ ...logOf(key('a')).snapshot(), keys: [['k', -1, 2]] }), '{"position":1e400}'])(
    'does not believe the snapshot %s',
    (text) => {
      expect(snapshotOf(JSON.parse(text))).toBeNull()
    },
  )
})

describe('the log of the fleet beside a list of all that ever came', () => {
  interface Listed {
    readonly position: number
    readonly entry: FleetEntry
  }

  /** What the list says: the hardest of all that came later and names it. */
  function naive(list: readonly Listed[], thing: CachedObject, since: number): 'hard' | 'soft' | 'valid' {
    let soft = false
    for (const { position, entry } of list) {
      if (position <= since || !names(entry, thing)) continue
      if (entry.do === 'ban' || (entry.do !== 'generation' && !entry.soft)) return 'hard'
      soft = true
    }
    return soft ? 'soft' : 'valid'
  }

  function names(entry: FleetEntry, thing: CachedObject): boolean {
    switch (entry.do) {
      case 'key':
        return entry.key === thing.key
      case 'subject':
        return new Selector(entry.subject).names(thing)
      case 'ban':
        return matcherOf(entry.text)?.(new BanView(thing, [], '', 0)) === true
      case 'generation':
        return false
    }
  }

  const host = fc.constantFrom('a', 'b')
  const url = fc.constantFrom('/', '/x', '/xy', '/z')
  const tag = fc.constantFrom('t', 'u', 'v')
  const anyKey = fc.oneof(
    fc.record({ url, host }).map(keyOf),
    fc.record({ url, host }).map((place) => `${keyOf(place)}1:l`),
    fc.constant('-1:q'),
  )
  const soft = fc.boolean()
  const entry: fc.Arbitrary<FleetEntry> = fc.oneof(
    fc.record({ do: fc.constant('key' as const), key: anyKey, soft }),
    fc.record({
      do: fc.constant('subject' as const),
      soft,
      subject: fc.oneof(
        fc.record({ by: fc.constant('tags' as const), tags: fc.array(tag, { minLength: 1, maxLength: 2 }) }),
        fc.record({ by: fc.constant('url' as const), url, host }),
        fc.record({ by: fc.constant('prefix' as const), prefix: url, host }),
        fc.record({ by: fc.constant('host' as const), host }),
        fc.record({ by: fc.constant('all' as const) }),
      ),
    }),
    fc.constantFrom('obj.tags has "t"', 'obj.url ~ "^/x"', 'obj.status == 404').map((text) => ban(text)),
  )
  const thing = fc
    .record({ key: anyKey, tags: fc.uniqueArray(tag), status: fc.constantFrom(200, 404) })
    .map(({ key: name, tags: carried, status }) => object({ key: name, tags: new Set(carried), status }))

  /** A history of entries: own ones pend for a while, and copies are made of the log along the way. */
  const step = fc.record({
    entry,
    pends: fc.boolean(),
    copied: fc.integer({ min: 0, max: 9 }).map((of) => of === 0),
    gap: fc.integer({ min: 1, max: 3 }),
  })

  function run(
    steps: readonly { readonly entry: FleetEntry; readonly pends: boolean; readonly copied: boolean; readonly gap: number }[],
    init: FleetLogInit,
  ) {
    let log = new FleetLog(init)
    log.start(0)
    const list: Listed[] = []
    let position = at(0)
    let uid = 0
    for (const { entry: each, pends, copied, gap } of steps) {
      if (pends) {
        log.pend(`me:${uid++}`, each)
        list.push({ position: Number.POSITIVE_INFINITY, entry: each })
      } else {
        position += gap
        log.apply(position, each, null)
        list.push({ position, entry: each })
      }
      if (!copied) continue
      const copy = new FleetLog(init)
      copy.begin(structuredClone(log.snapshot()), log.pending)
      log = copy
    }
    return { log, list, position }
  }

  it('says what the list says where nothing had to be forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), thing, fc.nat(30), (steps, each, since) => {
        const { log, list } = run(steps, {})
        const began = Math.min(at(since), log.position)
        expect(verdict(log, each, began)).toBe(naive(list, each, began))
      }),
      { numRuns: 400 },
    )
  })

  it('is never kinder than the list, however little it can remember', () => {
    const order = ['valid', 'soft', 'hard', 'unknown']
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), thing, fc.nat(40), fc.nat(300), (steps, each, since, characters) => {
        const { log, list } = run(steps, { capacity: 2, bans: 1 })
        const copy = new FleetLog({ capacity: 2, bans: 1 })
        copy.begin(log.snapshot(characters), log.pending)
        for (const one of [log, copy])
          expect(order.indexOf(verdict(one, each, at(since)))).toBeGreaterThanOrEqual(order.indexOf(naive(list, each, at(since))))
      }),
      { numRuns: 400 },
    )
  })

  it('knows places by the same rules as the table', () => {
    expect(placeOf('-1:q')).toBeNull()
  })
})
