/** Looks for what a request could use: under the key itself, and under the lists of Vary names that its index tells of. */
import type { Clock } from '../clock.ts'
import type { FleetView } from '../object/fleet-view.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject } from '../object/object.ts'
import type { Wanted } from '../object/tier.ts'
import type { RedisPort, Stored } from '../redis/port.ts'
import { SEAL_BYTES } from '../redis/seal.ts'
import { type Frame, type FrameSeal, openFrame } from './frame.ts'
import { readIndex } from './index-frame.ts'
import { type ObjectFrame, objectOf, readObject } from './object-frame.ts'
import type { RedisKeys } from './redis-keys.ts'
import type { Distrust, RedisTallies } from './redis-tallies.ts'
import type { Within } from './redis-within.ts'
import { type RefusalFrame, readRefusal } from './refusal-frame.ts'

export interface RedisLookupInit {
  readonly port: RedisPort
  readonly seal: FrameSeal
  readonly keys: RedisKeys
  readonly fleet: FleetView
  readonly clock: Clock
  readonly tallies: RedisTallies
  /** Position of this thread's own log of invalidations. */
  readonly local: () => number
}

export interface FoundObject {
  readonly type: 'object'
  readonly frame: ObjectFrame
  /** As it was found; without its body where that lies in chunks. */
  readonly object: CachedObject
  /** Under which it lies. */
  readonly key: string
  /** Monotonic milliseconds. */
  readonly storedAt: number
  readonly freshness: Freshness
}

export interface FoundRefusal {
  readonly type: 'refused'
  readonly frame: RefusalFrame
  /** Monotonic milliseconds. */
  readonly until: number
}

export interface Looked {
  /** The best of what lies there. */
  readonly found: FoundObject | FoundRefusal | null
  /** Where the answer that is looked for would lie, and what lies there now, known by its seal. */
  readonly place: string
  readonly seen: Buffer
  /** What is claimed by whoever fetches it. */
  readonly lock: string
}

/** Milliseconds by which clocks may run apart while a fetch lasts. */
const SLACK = 1000
const NOTHING = Buffer.alloc(0)
const NO_LISTS: readonly (readonly string[])[] = []

/** What lies under a key that may be looked at. */
interface Lying {
  readonly key: string
  readonly frame: Frame
  readonly stored: Stored
}

export class RedisLookup {
  readonly #init: RedisLookupInit

  constructor(init: RedisLookupInit) {
    this.#init = init
  }

  /** Rejects with a `RedisFailure`. */
  async look(wanted: Wanted, within: Within): Promise<Looked> {
    const { keys, clock } = this.#init
    const { credentialed } = wanted
    const asked = clock.now()
    const plain = wanted.variant([])
    const base = keys.base(wanted.key, plain)
    const besides = credentialed ? [keys.refusal(base, [], plain, true)] : []
    const [at, beside] = await this.#read([base, ...besides], within)
    const seal = sealOf(at)
    const whole = this.#open(at)
    const lists = whole?.frame.kind === 'index' ? this.#listsOf(whole, wanted.key) : NO_LISTS
    const further = lists.length === 0 ? null : await this.#variants(wanted, base, lists, within)
    const own = [
      whole === null || whole.frame.kind === 'index' ? null : this.#judge(whole, wanted, [], plain, asked),
      this.#judge(this.#open(beside), wanted, [], plain, asked),
    ]
    const [names = []] = lists
    const variant = names.length === 0 ? plain : wanted.variant(names)
    return {
      found: best([...(further?.found ?? []), ...own]),
      place: keys.object(base, names, variant),
      seen: further === null ? seal : further.seen,
      lock: keys.lock(keys.refusal(base, names, variant, credentialed)),
    }
  }

  /** What lies under an index's lists, from the newest to the oldest. */
  async #variants(
    wanted: Wanted,
    base: string,
    lists: readonly (readonly string[])[],
    within: Within,
  ): Promise<{ readonly found: readonly (FoundObject | FoundRefusal | null)[]; readonly seen: Buffer }> {
    const { keys, clock } = this.#init
    const asked = clock.now()
    const places = lists.flatMap((names) => {
      const variant = wanted.variant(names)
      const object = { key: keys.object(base, names, variant), names, variant }
      return wanted.credentialed ? [object, { key: keys.refusal(base, names, variant, true), names, variant }] : [object]
    })
    const read = await this.#read(
      places.map(({ key }) => key),
      within,
    )
    const seen = sealOf(read[0])
    return { found: places.map(({ names, variant }, index) => this.#judge(this.#open(read[index]), wanted, names, variant, asked)), seen }
  }

  /** What is not to be used is not there; what is wrong goes. */
  #judge(lying: Lying | null, wanted: Wanted, names: readonly string[], variant: string, asked: number): FoundObject | FoundRefusal | null {
    if (lying === null) return null
    const { frame, stored, key } = lying
    try {
      if (frame.kind === 'object') return this.#judgeObject(readObject(frame.told), stored, wanted, names, variant, asked, key)
      if (frame.kind === 'refusal') return this.#judgeRefusal(readRefusal(frame.told), stored, wanted, names, variant, asked, key)
    } catch {
      // What was sealed and cannot be read was written by somebody else.
    }
    this.distrust('head', key)
    return null
  }

  #judgeObject(
    frame: ObjectFrame,
    stored: Stored,
    wanted: Wanted,
    names: readonly string[],
    variant: string,
    asked: number,
    key: string,
  ): FoundObject | null {
    if (!isOf(frame, wanted.key, names, variant) || stored.left > frame.life + SLACK) return this.distrust('head', key)
    const storedAt = asked - frame.lain - Math.max(0, frame.life - stored.left)
    const now = this.#init.clock.now()
    const object = this.#valid(frame, storedAt, now)
    if (object === null) return this.outdated(key)
    const freshness = object.freshness(now)
    const { after } = wanted
    if (after !== null && (freshness !== 'fresh' || storedAt <= after)) return null
    return { type: 'object', frame, object, key, storedAt, freshness }
  }

  #judgeRefusal(
    frame: RefusalFrame,
    stored: Stored,
    wanted: Wanted,
    names: readonly string[],
    variant: string,
    asked: number,
    key: string,
  ): FoundRefusal | null {
    if (!isOf(frame, wanted.key, names, variant) || stored.left > frame.life + SLACK) return this.distrust('head', key)
    if (frame.credentialed !== wanted.credentialed || wanted.after !== null) return null
    if (this.#init.fleet.refusalVerdict(frame.key, frame.since) !== 'valid') return this.outdated(key)
    return { type: 'refused', frame, until: asked + stored.left }
  }

  /** The object, unless what is known of invalidations speaks against it. */
  #valid(frame: ObjectFrame, storedAt: number, now: number): CachedObject | null {
    const { fleet, local } = this.#init
    // First the position, then the verdict: what comes between is in both.
    const object = objectOf(frame, storedAt, local(), null)
    const verdict = fleet.verdict(object, frame.names, frame.variant, frame.since, now)
    if (verdict !== 'valid' && verdict !== 'soft') return null
    if (verdict === 'soft') object.soften(now)
    return object
  }

  /** An invalidation took it, unless nothing is known of the log any more: then nothing is wrong with it. */
  outdated(key: string): null {
    return this.#init.fleet.ready ? this.distrust('log', key) : null
  }

  /** Counts it and takes it away. A reply to another question: nothing that this connection says is believed any more. */
  distrust(why: Distrust, key: string, lane: 'small' | 'bulk' = 'small'): null {
    const { port, tallies } = this.#init
    tallies.distrusted(why)
    if (why === 'key') port.distrust(lane)
    port.remove([key]).catch((error: unknown) => tallies.failed(error))
    return null
  }

  #listsOf({ frame, key }: Lying, primary: string): readonly (readonly string[])[] {
    try {
      const index = readIndex(frame.told)
      if (index.key === primary) return index.lists
    } catch {
      // As what cannot be read.
    }
    this.distrust('head', key)
    return NO_LISTS
  }

  #open(read: Read | undefined): Lying | null {
    if (read === undefined || read.stored === null) return null
    const { key, stored } = read
    const frame = openFrame(this.#init.seal, key, stored.value)
    return typeof frame === 'string' ? this.distrust(frame, key) : { key, frame, stored }
  }

  async #read(keys: readonly string[], within: Within): Promise<readonly Read[]> {
    const { port, tallies } = this.#init
    const read = await within.of(port.read(keys, 'small'))
    for (const stored of read) if (stored !== null) tallies.read(stored.value.length)
    return keys.map((key, index) => ({ key, stored: read[index] ?? null }))
  }
}

interface Read {
  readonly key: string
  readonly stored: Stored | null
}

function sealOf(read: Read | undefined): Buffer {
  return read === undefined || read.stored === null ? NOTHING : read.stored.value.subarray(-SEAL_BYTES)
}

function isOf(frame: ObjectFrame | RefusalFrame, key: string, names: readonly string[], variant: string): boolean {
  return frame.key === key && frame.variant === variant && frame.names.join() === names.join()
}

/** As in memory: what is fresh or in grace, from the newest list on; then a refusal; then what is stale. */
function best(found: readonly (FoundObject | FoundRefusal | null)[]): FoundObject | FoundRefusal | null {
  const there = found.filter((one) => one !== null)
  return (
    there.find((one) => one.type === 'object' && one.freshness !== 'stale') ??
    there.find((one) => one.type === 'refused') ??
    there[0] ??
    null
  )
}
