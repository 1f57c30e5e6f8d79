/** A table that carries purges out in slices answers, at every moment, as one that carries each out at once. */
import { describe, expect, it } from 'vitest'
import type { Claim } from '../../src/object/claim.ts'
import { keyOf, keyPart } from '../../src/object/key-text.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import { seeded } from '../cache-attacks/interleaving.ts'
import { ask, marker, object, type Rig, rig, Turns, Witness } from './things.ts'

const PLACES = ['/a/1', '/a/2', '/b/1'].flatMap((url) => ['x', 'y'].map((host) => ({ url, host })))
const KEYS = [...PLACES.map(keyOf), keyOf({ url: '/a/1', host: 'x' }) + keyPart('more'), '-1:m', '-1:n']
const TAGS = ['t', 'u', 'v']
const NAMES: readonly string[] = ['x-v']
const SUBJECTS: readonly SubjectPurge[] = [
  { by: 'tags', tags: ['t'] },
  { by: 'tags', tags: ['u', 'v'] },
  { by: 'host', host: 'x' },
  { by: 'prefix', prefix: '/a/', host: 'x' },
  { by: 'url', url: '/a/1', host: 'x' },
  { by: 'all' },
]

/** One of the two tables; what happens in both has the same number there. */
class World {
  readonly rig: Rig
  readonly counts: (number | null)[] = []
  readonly arriving: CachedObject[] = []
  readonly claims: Claim[] = []
  readonly witnesses: Witness[] = []
  readonly #labels = new Map<number, number>()

  constructor(pace: Turns) {
    this.rig = rig({ budget: 1024 ** 3, pace })
  }

  label(one: CachedObject | null): number | null {
    return one === null ? null : (this.#labels.get(one.id) ?? null)
  }

  /** What a look-up answers, in words that mean the same in both. */
  find(key: string, variant: string, solitary: boolean, credentialed: boolean): unknown {
    const { table, clock } = this.rig
    const found = table.find(
      ask({ key, now: clock.now(), variant: (names) => (names.length === 0 ? '' : variant), solitary, credentialed }),
    )
    switch (found.type) {
      case 'object':
        if (found.claim !== null) this.claims.push(found.claim)
        return [this.label(found.object), found.freshness, found.claim === null]
      case 'fetch':
        if (found.claim !== null) this.claims.push(found.claim)
        return ['fetch', found.why, this.label(found.stale)]
      case 'refused':
        return ['refused']
      case 'wait': {
        const witness = new Witness()
        this.witnesses.push(witness)
        table.wait(found.claim, witness)
        return ['wait', this.claims.indexOf(found.claim), this.label(found.stale)]
      }
    }
  }

  /** What a fetch brings under a claim, or without. */
  arrive(label: number, claim: Claim | null, init: Parameters<typeof object>[0], names: readonly string[], variant: string): void {
    const { table, clock } = this.rig
    const made = object({ ...init, at: clock.now(), position: claim?.position ?? table.position, body: bodyOf(Buffer.alloc(10)) })
    this.#labels.set(made.id, label)
    table.publish(claim, made, names, variant, true)
    this.arriving.push(made)
  }

  purge(subject: SubjectPurge, soft: boolean): void {
    const at = this.counts.push(null) - 1
    const result = this.rig.table.purgeSubject(subject, soft)
    if (!(result instanceof Promise)) this.counts[at] = result.objects
    else
      void result.then(({ objects }) => {
        this.counts[at] = objects
      })
  }

  get told(): unknown {
    return this.witnesses.map(({ told }) =>
      told.map((outcome) => [outcome.type, outcome.type === 'object' ? this.label(outcome.object) : null]),
    )
  }

  get stored(): unknown {
    return Array.from(this.rig.table.stored(), (one) => [this.label(one), one.key, one.ttl]).sort()
  }
}

async function compare(seed: number): Promise<{ sliced: number; served: number }> {
  const random = seeded(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const turns = new Turns()
  const [sliced, instant] = [new World(turns), new World(new Turns(true))]
  const worlds = [sliced, instant]
  const both = (run: (world: World) => unknown): unknown => {
    const [first, second] = worlds.map(run)
    if (JSON.stringify(first) !== JSON.stringify(second)) expect([seed, first]).toEqual([seed, second])
    return first
  }
  let [waited, served] = [0, 0]
  for (let label = 0; label < 80; label++) {
    const dice = random()
    const names = random() < 0.3 ? NAMES : []
    const variant = names.length === 0 ? '' : pick(['p', 'q'])
    if (dice < 0.3) {
      const [key, wanted, solitary, credentialed] = [pick(KEYS), pick(['p', 'q']), random() < 0.3, random() < 0.1]
      const found = both((world) => world.find(key, wanted, solitary, credentialed)) as unknown[]
      if (typeof found[0] === 'number') served++
    } else if (dice < 0.55) {
      const claimed = sliced.claims.length === 0 || random() < 0.4 ? -1 : Math.floor(random() * sliced.claims.length)
      const key = sliced.claims[claimed]?.key ?? pick(KEYS)
      const init = {
        key,
        tags: TAGS.filter(() => random() < 0.4),
        ttl: pick([5, 50]),
        grace: pick([0, 50]),
        keep: 1e6,
        target: pick(PLACES),
      }
      const how = random()
      both((world) => {
        const [claim = null] = claimed < 0 ? [] : world.claims.splice(claimed, 1)
        if (claim !== null && how < 0.2) world.rig.table.refuse(claim, names, variant, marker({ key, until: 1e6 }), true)
        else if (claim !== null && how < 0.3) world.rig.table.release(claim, { type: 'again' })
        else world.arrive(label, claim, init, names, variant)
      })
    } else if (dice < 0.75) {
      if (sliced.arriving.length === 0) continue
      const [at, whole] = [Math.floor(random() * sliced.arriving.length), random() < 0.9]
      both((world) => {
        const [one] = world.arriving.splice(at, 1) as [CachedObject]
        return whole ? world.rig.table.complete(one) : world.rig.table.discard(one)
      })
    } else if (dice < 0.78) {
      const [key, soft] = [pick(KEYS), random() < 0.3]
      both((world) => world.rig.table.purge(key, soft))
    } else if (dice < 0.86) {
      const [subject, soft] = [pick(SUBJECTS), random() < 0.3]
      both((world) => void world.purge(subject, soft))
      if (turns.waiting > 0) waited++
    } else if (dice < 0.95) turns.take()
    else both((world) => world.rig.clock.advance(2000))
  }
  while (turns.take());
  for (let i = 0; i < 3; i++) await Promise.resolve()
  both((world) => world.counts)
  both((world) => world.told)
  both((world) => world.claims.map(({ detached }) => detached))
  both((world) => world.stored)
  both((world) => [world.rig.table.objects, world.rig.table.keys, world.rig.table.tags])
  return { sliced: waited, served }
}

describe('a table that purges in slices', () => {
  it('answers as one that purges at once, in two thousand histories, and counts the same', async () => {
    let [sliced, served] = [0, 0]
    for (let seed = 1; seed <= 2000; seed++) {
      const run = await compare(seed)
      sliced += run.sliced
      served += run.served
    }
    expect(sliced).toBeGreaterThan(5000)
    expect(served).toBeGreaterThan(5000)
  })
})
