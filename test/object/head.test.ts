import { describe, expect, it } from 'vitest'
import { Flights } from '../../src/object/flights.ts'
import { Head, LocalClaim } from '../../src/object/head.ts'
import { Heads } from '../../src/object/heads.ts'
import type { CachedObject } from '../../src/object/object.ts'
import type { Slot } from '../../src/object/slot.ts'
import fc from '../support/properties.ts'
import { object as made, marker } from './things.ts'

const CLAIM = {
  kind: 'whole',
  range: null,
  credentialed: false,
  position: 0,
  stale: null,
  part: null,
  attempt: 0,
} as const

const LISTS: readonly (readonly string[])[] = [[], ['accept'], ['accept', 'x-device'], ['x-device']]

/** What a head should hold: lists from the newest to the oldest, slots from the oldest to the newest. */
type Model = { readonly names: readonly string[]; readonly slots: Slot[] }[]

function same(head: Head, model: Model): void {
  expect(head.specs.map(({ names }) => names)).toEqual(model.map(({ names }) => names))
  for (const [i, { names, slots }] of model.entries()) {
    const spec = head.specs[i]
    expect(spec?.slots.map((slot) => slots.indexOf(slot))).toEqual([...slots.keys()])
    expect([spec?.size, head.find(names) === spec]).toEqual([slots.length, true])
    for (const slot of slots) expect([spec?.get(slot.variant) === slot, slot.spec === spec, slot.head === head]).toEqual([true, true, true])
    expect(spec?.get('another')).toBeUndefined()
  }
  expect([head.newest ?? undefined, ...head.older]).toEqual([head.specs[0], ...head.specs.slice(1)])
  expect(head.variants).toBe(model.reduce((sum, { slots }) => sum + slots.length, 0))
  expect(head.empty).toBe(model.length === 0)
}

describe('what is under a key', () => {
  it('has its lists and variants in order, whatever comes and goes, as lists of lists do', () => {
    const step = fc.record({ list: fc.nat({ max: 3 }), variant: fc.nat({ max: 3 }), drop: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const head = new Head('key')
        let model: Model = []
        for (const { list, variant, drop } of steps) {
          const names = LISTS[list] as readonly string[]
          const spec = model.find((each) => each.names === names)
          const slot = spec?.slots.find((each) => each.variant === `${variant}`)
          if (drop && slot !== undefined) {
            head.drop(slot)
            spec?.slots.splice(spec.slots.indexOf(slot), 1)
            model = model.filter(({ slots }) => slots.length > 0)
            expect([slot.variant, slot.spec.names]).toEqual([`${variant}`, names])
          } else if (!drop) {
            const found = head.slot(names, `${variant}`)
            expect(found.variant).toBe(`${variant}`)
            if (slot !== undefined) expect(found).toBe(slot)
            const moved = spec ?? { names, slots: [] }
            if (slot === undefined) moved.slots.push(found)
            model = [moved, ...model.filter((each) => each !== moved)]
          }
          same(head, model)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('of which the slot was dropped has nothing in common with others of that kind', () => {
    const [one, other] = [new Head('one'), new Head('other')]
    const slots = [one, other].map((head) => head.slot([], 'a'))
    for (const slot of slots) slot.head.drop(slot)
    const again = one.slot([], 'b')
    again.part = made({ key: 'one' })
    ;(slots[0] as Slot).filling = made({ key: 'one' })
    expect([one.empty, one.variants, other.empty, other.variants]).toEqual([false, 1, true, 0])
    expect([other.part, (slots[1] as Slot).filling, other.slot([], 'a') === slots[1]]).toEqual([null, null, false])
    expect(new Head('third').slot([], 'a').filling).toBeNull()
  })

  it('never gives a slot that was dropped to another variant', () => {
    const head = new Head('key')
    const first = head.slot(['accept'], 'a')
    head.drop(first)
    const second = head.slot(['x-device'], 'b')
    expect([first === second, first.variant, first.spec.names, second.variant, second.spec.names]).toEqual([
      false,
      'a',
      ['accept'],
      'b',
      ['x-device'],
    ])
    expect([first.spec.get('a'), head.find(['accept']), head.variants]).toEqual([undefined, undefined, 1])
  })

  it('holds each thing in its place, and is bare without any', () => {
    const object: CachedObject = made()
    for (const names of [[], ['accept']]) {
      const head = new Head('key')
      const slots = [head.slot(names, 'a'), head.slot(names, 'b'), head.slot(['other'], 'a')]
      for (const slot of slots) {
        expect(slot.bare).toBe(true)
        for (const place of ['whole', 'part', 'filling'] as const) {
          slot[place] = object
          expect([slot[place], slot.bare, slots.filter((each) => !each.bare).length]).toEqual([object, false, 1])
          slot[place] = null
          expect([slot[place], slot.bare]).toEqual([null, true])
        }
        for (const credentialed of [true, false]) {
          const refusal = marker({ credentialed })
          slot[credentialed ? 'credentialedMarker' : 'anonymousMarker'] = refusal
          expect([slot.marker(credentialed), slot.marker(!credentialed), slot.bare]).toEqual([refusal, null, false])
          slot[credentialed ? 'credentialedMarker' : 'anonymousMarker'] = null
          expect(slot.bare).toBe(true)
        }
      }
    }
  })
})

describe('an object that is alone under its key', () => {
  const PLACES = ['part', 'filling', 'anonymousMarker', 'credentialedMarker'] as const

  /** By what anybody can see of a head. */
  function aloneIn(head: Head): CachedObject | null {
    const [slot, ...others] = head.specs.flatMap((spec) => spec.slots)
    if (slot === undefined || others.length > 0 || slot.spec.names.length > 0 || [...head.claims].length > 0) return null
    return PLACES.every((place) => slot[place] === null) ? slot.whole : null
  }

  it('knows it and its variant, whatever comes and goes beside it', () => {
    const step = fc.record({
      list: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
      variant: fc.constantFrom(0, 0, 0, 0, 0, 0, 1),
      what: fc.constantFrom('whole', 'whole', 'tidy', 'tidy', 'drop', 'claim', ...PLACES),
      gone: fc.boolean(),
    })
    let knew = 0
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), (steps) => {
        const head = new Head('key')
        const objects: CachedObject[] = []
        const make = (): CachedObject => {
          const one = made({ key: 'key' })
          objects.push(one)
          return one
        }
        const flights = new Flights()
        const claim = new LocalClaim(head, flights, { ...CLAIM, names: [], variant: 'a' })
        for (const { list, variant, what, gone } of steps) {
          const names = LISTS[list] as readonly string[]
          const goes = gone || what === 'drop' || what === 'tidy'
          const slot = goes ? head.find(names)?.get(`${variant}`) : head.slot(names, `${variant}`)
          if (what === 'claim') head.claim(claim)
          else if (slot === undefined) continue
          else if (what === 'tidy') {
            head.leave(claim)
            for (const place of PLACES) slot[place] = null
            for (const other of head.specs.flatMap((spec) => spec.slots)) if (other !== slot) head.drop(other)
          } else if (what === 'drop') {
            for (const place of ['whole', ...PLACES] as const) slot[place] = null
            head.drop(slot)
          } else if (what === 'whole' || what === 'part' || what === 'filling') slot[what] = gone ? null : make()
          else slot[what] = gone ? null : marker({ credentialed: what === 'credentialedMarker' })
          const alone = aloneIn(head)
          for (const object of objects) {
            // A list whose first slot was dropped has room in itself for no other, and what is there does not know that it is alone.
            if (object.alone === null && (object !== alone || !(head.specs[0]?.slots[0] instanceof Head))) continue
            expect([object === alone, object.alone]).toEqual([true, head.specs[0]?.slots[0]?.variant])
            knew++
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(knew).toBeGreaterThan(300)
  })
})

describe('all heads', () => {
  it('are found by their keys, counted, walked through once each, and go while they are', () => {
    const heads = new Heads()
    const all = Array.from({ length: 5000 }, (_, i) => new Head(i % 2 === 0 ? `${i}` : `/a/long/key/of/some/kind/${i}/and/its/host`))
    for (const head of [...all, new Head('')]) heads.put(head)
    expect([heads.size, heads.get('')?.key, heads.get('another')]).toEqual([5001, '', undefined])
    expect(all.every((head) => heads.get(head.key) === head)).toBe(true)
    expect(new Set(heads.values()).size).toBe(5001)
    let walked = 0
    for (const head of heads.values()) {
      walked++
      heads.delete(head)
      heads.delete(head)
    }
    expect([walked, heads.size, heads.get('4711')]).toEqual([5001, 0, undefined])
  })

  it('are found as well where an object stands for one, until it goes', () => {
    const heads = new Heads()
    const head = new Head('key')
    const object = made({ key: 'key' })
    heads.put(head)
    object.slot = head.slot([], 'a')
    heads.put(object)
    expect([heads.at('key'), heads.get('key'), ...heads.values(), heads.size]).toEqual([object, head, head, 1])
    heads.delete(new Head('key'))
    expect(heads.size).toBe(1)
    heads.put(head)
    expect([heads.at('key'), heads.get('key'), ...heads.values(), heads.size]).toEqual([head, head, head, 1])
    heads.put(object)
    heads.delete(head)
    expect([heads.at('key'), heads.get('key'), ...heads.values(), heads.size]).toEqual([undefined, undefined, 0])
  })
})
