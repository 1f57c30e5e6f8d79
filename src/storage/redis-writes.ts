/** Writes answers and refusals. What other nodes are told ends with the write: an answer is there before anybody is woken for it. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { FleetView } from '../object/fleet-view.ts'
import { retention } from '../object/lifetime.ts'
import type { Keeping, Refusing } from '../object/tier.ts'
import type { RedisPort } from '../redis/port.ts'
import { type FrameKind, type FrameSeal, openFrame, sealFrame } from './frame.ts'
import { LONGEST_LIFE } from './frame-place.ts'
import { readIndex, withList, writeIndex } from './index-frame.ts'
import { INLINE_BODY, MARK, readObject, writeObject } from './object-frame.ts'
import type { RedisChunks } from './redis-chunks.ts'
import type { RedisClaim, RedisMoment } from './redis-claims.ts'
import type { RedisKeys } from './redis-keys.ts'
import { KEEP, NOW } from './redis-scripts.ts'
import type { KeptOut, RedisTallies } from './redis-tallies.ts'
import { readRefusal, writeRefusal } from './refusal-frame.ts'

/** Milliseconds below which nothing is worth the way. */
const SHORTEST = 1000
const LONGEST: number = LONGEST_LIFE * 1000

export interface RedisWritesInit {
  readonly port: RedisPort
  readonly seal: FrameSeal
  readonly keys: RedisKeys
  readonly chunks: RedisChunks
  readonly fleet: FleetView
  readonly clock: Clock
  readonly tallies: RedisTallies
  /** Where ends of claims are told. */
  readonly channel: string
}

/** What became of it. Unless it was written its claim has not ended. */
export type Written = 'written' | KeptOut

interface Writing {
  readonly kind: FrameKind
  readonly key: string
  readonly told: Buffer
  /** Milliseconds of Redis's time. */
  readonly end: number
  readonly mode: 'set' | 'refuse'
  readonly claim: RedisClaim | null
}

export class RedisWrites {
  readonly #init: RedisWritesInit

  constructor(init: RedisWritesInit) {
    this.#init = init
  }

  /** `segments`: all bytes of the body. Rejects with a `RedisFailure`. */
  async object({ object, names, variant, since }: Keeping, segments: readonly Buffer[], claim: RedisClaim | null): Promise<Written> {
    const { keys, clock, fleet, chunks, tallies } = this.#init
    const kept = retention(object, object.retention) * 1000
    const leftAt = (now: number): number => Math.floor(Math.min(LONGEST, kept - (now - object.storedAt)))
    const leftNow = (): number => leftAt(clock.now())
    const overtaken = (): boolean => fleet.verdict(object, names, variant, since, clock.now()) !== 'valid'
    if (!fleet.ready) return 'unready'
    if (overtaken()) return 'overtaken'
    if (leftNow() < SHORTEST) return 'short'
    const base = keys.base(object.key, variant)
    const key = keys.object(base, names, variant)
    const moment = claim?.moment ?? (await this.#moment(key))
    const large = (object.body.length ?? 0) > INLINE_BODY
    const mark = large ? randomBytes(MARK) : null
    if (mark !== null) {
      await chunks.write(key, mark, segments, leftNow())
      tallies.wrote(object.body.length ?? 0)
    }
    if (names.length > 0) await this.#list(object.key, base, names, leftNow())
    // It took its time: what came meanwhile counts, too.
    if (overtaken()) return 'overtaken'
    const now = clock.now()
    const life = leftAt(now)
    if (life < SHORTEST) return 'short'
    const lain = Math.max(0, now - object.storedAt)
    const body = mark === null ? { type: 'inline' as const, bytes: segments } : { type: 'chunks' as const, mark }
    const told = writeObject({ object, names, variant, since, life, lain, body })
    if (!readable(() => readObject(told))) return 'form'
    return this.#write({ kind: 'object', key, told, mode: 'set', claim, end: endOf(moment, now, life) })
  }

  /** Rejects with a `RedisFailure`. */
  async refusal({ marker, names, variant, since }: Refusing, claim: RedisClaim | null): Promise<Written> {
    const { keys, clock, fleet } = this.#init
    const leftAt = (now: number): number => Math.floor(Math.min(LONGEST, marker.expiresAt - now))
    if (!fleet.ready) return 'unready'
    if (fleet.refusalVerdict(marker.key, since) !== 'valid') return 'overtaken'
    if (leftAt(clock.now()) < SHORTEST) return 'short'
    const base = keys.base(marker.key, variant)
    const key = keys.refusal(base, names, variant, marker.credentialed)
    const moment = claim?.moment ?? (await this.#moment(key))
    if (names.length > 0) await this.#list(marker.key, base, names, leftAt(clock.now()))
    const now = clock.now()
    const life = leftAt(now)
    if (life < SHORTEST) return 'short'
    const told = writeRefusal(marker, { key: marker.key, names, variant, since, life })
    if (!readable(() => readRefusal(told))) return 'form'
    return this.#write({ kind: 'refusal', key, told, mode: 'refuse', claim, end: endOf(moment, now, life) })
  }

  /** A list of names leads to something from now on. Of two that are added at once one may be lost: what lies under it is fetched once more. */
  async #list(primary: string, base: string, names: readonly string[], life: number): Promise<void> {
    const { port, seal, tallies } = this.#init
    const [stored] = await port.read([base], 'small')
    const frame = stored === null || stored === undefined ? 'frame' : openFrame(seal, base, stored.value)
    const lists = typeof frame === 'string' || frame.kind !== 'index' ? [] : listsOf(frame.told, primary)
    const left = lists.length === 0 ? 0 : Math.min(LONGEST, stored?.left ?? 0)
    if (lists[0]?.join() === names.join() && left >= life) return
    const value = sealFrame(seal, 'index', base, writeIndex({ key: primary, lists: withList(lists, names) }))
    if (value === null) return
    await port.write([{ key: base, value, life: Math.max(left, life) }], 'small')
    tallies.wrote(value.length)
  }

  async #write({ kind, key, told, end, mode, claim }: Writing): Promise<Written> {
    const { port, seal, keys, tallies, channel } = this.#init
    const value = sealFrame(seal, kind, key, told)
    if (value === null) return 'form'
    const lock = claim?.lock ?? keys.lock(key)
    const written = await port.run(KEEP, [key, lock], [value, end, mode, claim?.token ?? '', channel, claim?.says('kept') ?? ''])
    if (written !== 1) return 'form'
    tallies.wrote(value.length)
    tallies.kept()
    claim?.ended()
    return 'written'
  }

  async #moment(key: string): Promise<RedisMoment> {
    const { port, clock } = this.#init
    const redis = await port.run(NOW, [key], [])
    return { redis: typeof redis === 'number' ? redis : 0, here: clock.now() }
  }
}

/** The moment of Redis's time at which a life that began `now` is over: how long the write takes on its way is no part of it. */
function endOf(moment: RedisMoment, now: number, life: number): number {
  return Math.floor(moment.redis + (now - moment.here) + life)
}

/** Whether it would be understood where it is read: what would not be is not written. */
function readable(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function listsOf(told: Buffer, primary: string): readonly (readonly string[])[] {
  try {
    const { key, lists } = readIndex(told)
    return key === primary ? lists : []
  } catch {
    return []
  }
}
