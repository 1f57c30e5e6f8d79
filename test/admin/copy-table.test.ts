/** A copy of what lies under a key answers as the table itself would, and the table does not notice. */
import { describe, expect, it } from 'vitest'
import { CopyTable } from '../../src/admin/explain/copy-table.ts'
import { Counters } from '../../src/counters.ts'
import type { BanTests } from '../../src/object/ban-view.ts'
import type { LocalClaim } from '../../src/object/head.ts'
import type { CachedObject } from '../../src/object/object.ts'
import type { Found, Lookup } from '../../src/object/table.ts'
import { seeded } from '../cache-attacks/interleaving.ts'
import { ask, fillingFor, ManualPace, marker, object, type Rig, rig, variantOf, Witness } from '../object/things.ts'

const VARY: readonly (readonly string[])[] = [[], ['a'], ['a', 'b']]
const KEYS = ['k', 'l'] as const

/** A table to which a seed happens. */
class Life {
  readonly pace: ManualPace = new ManualPace(4)
  readonly rig: Rig
  readonly claims: LocalClaim[] = []
  #newest = 0
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seeded(seed)
    const life = this
    const bans: BanTests = {
      get newest() {
        return life.#newest
      },
      forgotten: 0,
      matches: (one, since) => life.#newest > since && one.hasTag('banned'),
      names: (one, since) => life.#newest > since && one.hasTag('banned'),
    }
    this.rig = rig({ pace: this.pace, bans })
    // So many that a purge by tag cannot end within its first slice.
    for (let i = 0; i < 400; i++) this.#keep({ key: `other ${i}`, tags: ['t'] }, [], {})
  }

  lookup(): Lookup {
    const range = this.#chance(0.2) ? 'bytes=0-3' : null
    return ask({
      key: this.#pick(KEYS),
      fields: this.#fields(),
      now: this.rig.clock.now(),
      credentialed: this.#chance(0.3),
      range,
      covers: () => true,
      alwaysMiss: this.#chance(0.05),
      ignoreBusy: this.#chance(0.05),
      ignoreVary: this.#chance(0.05),
      solitary: this.#chance(0.1),
      demanding: this.#chance(0.05),
      completesParts: true,
    })
  }

  step(): void {
    const { table, clock } = this.rig
    const key = this.#pick(KEYS)
    const names = this.#pick(VARY)
    const fields = this.#fields()
    switch (Math.floor(this.#random() * 12)) {
      case 0:
      case 1:
        this.#keep({ key, tags: this.#tags(), ttl: this.#random() * 8, grace: 4, staleIfError: 30 }, names, fields)
        break
      case 2:
        this.#keep({ key, tags: this.#tags(), ttl: 20, part: { first: 0, last: 3, total: 8 } }, names, fields)
        break
      case 3:
        table.remember(key, names, variantOf(names, fields), marker({ key, until: clock.now() + 5000, credentialed: this.#chance(0.5) }))
        break
      case 4:
        table.publish(
          null,
          fillingFor(table, { key, at: clock.now(), position: table.position, tags: this.#tags() }).object,
          names,
          variantOf(names, fields),
          true,
        )
        break
      case 5:
        table.release(this.claims.shift() ?? NONE, { type: 'alone' })
        break
      case 6:
        clock.advance(this.#random() * 8000)
        break
      case 7:
        void table.purgeSubject({ by: 'tags', tags: ['t'] }, this.#chance(0.5))
        break
      case 8:
        void table.purgeSubject({ by: 'all' }, this.#chance(0.5))
        for (let i = 0; i < 400; i++) this.#keep({ key: `other ${i}`, tags: ['t'] }, [], {})
        break
      case 9:
        table.purge('nothing', false)
        this.#newest = table.position
        break
      case 10:
        this.pace.take()
        break
      default:
        for (const one of table.stored())
          if (one.key === key && this.#chance(0.6)) {
            one.failed(1, clock.now() + 20_000)
          }
    }
  }

  #keep(init: Parameters<typeof object>[0], names: readonly string[], fields: Readonly<Record<string, string>>): void {
    const { table, clock } = this.rig
    const made = object({ at: clock.now(), position: table.position, ...init })
    table.publish(null, made, names, variantOf(names, fields), true)
    table.complete(made)
  }

  #tags(): string[] {
    return ['t', 'banned', 'none'].filter(() => this.#chance(0.3))
  }

  #fields(): Readonly<Record<string, string>> {
    return { a: this.#pick(['1', '2']), b: this.#pick(['1', '2']) }
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }
}

const NONE = { released: true, end() {}, head: { empty: false, key: '' } } as unknown as LocalClaim

function copyOf({ table, clock }: Rig): CopyTable {
  return new CopyTable({
    real: table,
    now: () => clock.now(),
    variants: 64,
    retention: 'max',
    counters: new Counters(),
    moved: () => {},
  })
}

/** What was found, with the original in place of each copy. */
function told(found: Found, original: (one: CachedObject) => CachedObject | null): object {
  const id = (one: CachedObject | null): number | null => (one === null ? null : (original(one)?.id ?? -1))
  switch (found.type) {
    case 'object':
      return { type: 'object', id: id(found.object), ttl: found.object.ttl, freshness: found.freshness, claims: found.claim !== null }
    case 'fetch':
      return { type: 'fetch', why: found.why, claims: found.claim !== null, stale: id(found.stale), part: id(found.claim?.part ?? null) }
    case 'refused':
      return { type: 'refused', marker: found.marker.type, until: found.marker.expiresAt }
    case 'away':
      return { type: 'away' }
    case 'wait':
      return { type: 'wait', waiters: found.claim.waiters, credentialed: found.claim.credentialed, stale: id(found.stale) }
    default:
      return found satisfies never
  }
}

/** Everything of a table that may be seen. */
function state({ table, counters, store, expiry }: Rig): object {
  return {
    kept: [...table.stored()].map(({ id, hits, ttl, position, checked }) => [id, hits, ttl, position, checked]),
    present: [...table.present()].length,
    counters: counters.snapshot(),
    sizes: [table.objects, table.keys, table.bytes, table.tags, table.position, table.flights.oldest, store.count, expiry.size],
  }
}

describe('a copy of what lies under a key', () => {
  it('answers as the table would, in sixty lives, and leaves no mark on it', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= 60; seed++) {
      const life = new Life(seed)
      for (let step = 0; step < 25; step++) {
        life.step()
        const lookup = life.lookup()
        const copy = copyOf(life.rig)
        const before = state(life.rig)
        const copied = told(copy.find(lookup), (one) => copy.original(one))
        if (step % 5 === 0) expect(state(life.rig), `seed ${seed}, step ${step}`).toEqual(before)
        const found = life.rig.table.find(lookup)
        const real = told(found, (one) => one)
        expect(copied, `seed ${seed}, step ${step}`).toEqual(real)
        seen.add(`${found.type} ${found.type === 'fetch' ? found.why : found.type === 'object' ? found.freshness : ''}`)
        if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) life.claims.push(found.claim as LocalClaim)
        if (found.type === 'wait') life.rig.table.wait(found.claim, new Witness())
      }
      life.rig.table.stop()
    }
    for (const each of [
      'object fresh',
      'object grace',
      'object stale',
      'fetch ABSENT',
      'fetch VARY',
      'fetch EXPIRED',
      'fetch PARTIAL',
      'refused ',
      'wait ',
    ])
      expect([...seen]).toContain(each)
  })
})
