/**
 * Whose turn it is in the fleet to fetch something: a lock in Redis that ends by itself, renewed as long as the fetch goes on. Who waits is woken
 * by a message, or looks again in a moment, since messages may be lost. Only Redis's clock has a say.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../clock.ts'
import type { FleetClaim } from '../object/tier.ts'
import type { RedisPort, Reply } from '../redis/port.ts'
import { CLAIM, RELEASE, RENEW } from './redis-scripts.ts'
import type { RedisTallies } from './redis-tallies.ts'
import type { Within } from './redis-within.ts'

/** Milliseconds after which the lock of a dead owner has ended. */
const LIFE = 3000
const RENEWED = 1000
/** Milliseconds between two looks of who waits. */
const LOOKS = 250
/** Milliseconds for which a lock is renewed at the most: whatever holds it for longer has forgotten it. */
const LONGEST = 600_000

/** What is said when a claim ends. */
export type ClaimEnd = 'kept' | 'again' | 'alone'

/** A moment of Redis's time, and the moment here at which it was heard. */
export interface RedisMoment {
  readonly redis: number
  readonly here: number
}

export interface RedisClaimsInit {
  readonly port: RedisPort
  /** Where ends are told. */
  readonly channel: string
  readonly clock: Clock
  readonly tallies: RedisTallies
}

export interface Place {
  readonly place: string
  readonly lock: string
  readonly seen: Buffer
}

export type Turn =
  /** `changed`: something else lies there now than was seen. */
  | { readonly type: 'ours'; readonly claim: RedisClaim; readonly changed: boolean }
  /** It is worth another look. */
  | { readonly type: 'changed' }
  /** Another node brought nothing that can be shared. */
  | { readonly type: 'alone' }

type Heard = (end: ClaimEnd) => void

export class RedisClaims {
  readonly #init: RedisClaimsInit
  /** Of this thread, since it began. */
  readonly #owner = randomBytes(9).toString('base64url')
  readonly #waiting = new Map<string, Set<Heard>>()
  readonly #held = new Set<RedisClaim>()
  #last = 0

  constructor(init: RedisClaimsInit) {
    this.#init = init
    init.port.subscribe(init.channel, (message) => this.#hear(message))
  }

  /**
   * Claims, or waits until that is worth trying again or the time is over. `overtaken`: what was to be fetched under the claim is of no use to who
   * asks now. Rejects with a `RedisFailure`.
   */
  async turn({ place, lock, seen }: Place, until: number, within: Within, overtaken: () => boolean): Promise<Turn> {
    const { port, clock } = this.#init
    // What is said while Redis answers must not be missed.
    const ear = this.#listen(lock)
    try {
      const claim = new RedisClaim(this.#init, lock, `${this.#owner}:${++this.#last}`, this.#held, overtaken)
      const [got, changed, redis] = claimed(await this.#take(claim, port.run(CLAIM, [place, lock], [claim.token, LIFE, seen]), within))
      if (got) return { type: 'ours', claim: claim.begin({ redis, here: clock.now() }), changed }
      if (changed) return { type: 'changed' }
      return await this.#heardWithin(ear, until)
    } finally {
      ear.close()
    }
  }

  stop(): void {
    for (const claim of [...this.#held]) claim.release('again')
    for (const waiting of [...this.#waiting.values()]) for (const heard of [...waiting]) heard('again')
  }

  /** A claim that is got after nobody waits for the answer any more is given back. */
  #take(claim: RedisClaim, reply: Promise<Reply>, within: Within): Promise<Reply> {
    const answer = within.of(reply)
    answer.catch(() => {
      reply.then(
        (late) => {
          if (claimed(late)[0]) claim.begin({ redis: 0, here: 0 }).release('again')
        },
        () => undefined,
      )
    })
    return answer
  }

  async #heardWithin(ear: Ear, until: number): Promise<Turn> {
    const { clock, tallies } = this.#init
    tallies.waited()
    const end = await ear.heard(Math.min(Math.max(0, until - clock.now()), LOOKS))
    return end === 'alone' ? { type: 'alone' } : { type: 'changed' }
  }

  #listen(lock: string): Ear {
    const { clock } = this.#init
    const waiting = this.#waiting.get(lock) ?? new Set()
    this.#waiting.set(lock, waiting)
    let said: ClaimEnd | null = null
    let told: Heard | null = null
    const heard: Heard = (end) => {
      said = end
      told?.(end)
    }
    waiting.add(heard)
    let timer: Timer | null = null
    return {
      heard: (ms) =>
        new Promise((resolve) => {
          if (said !== null) return resolve(said)
          told = resolve
          timer = clock.after(ms, () => resolve('again'))
        }),
      close: () => {
        timer?.cancel()
        waiting.delete(heard)
        if (waiting.size === 0) this.#waiting.delete(lock)
      },
    }
  }

  #hear(message: string): void {
    const blank = message.lastIndexOf(' ')
    const end = message.slice(blank + 1)
    if (end !== 'kept' && end !== 'again' && end !== 'alone') return
    for (const heard of [...(this.#waiting.get(message.slice(0, blank)) ?? [])]) heard(end)
  }
}

interface Ear {
  /** Resolves with what is said of the lock, or with `again` after so many milliseconds. */
  heard(ms: number): Promise<ClaimEnd>
  close(): void
}

/** A claim of this thread. */
export class RedisClaim implements FleetClaim {
  readonly lock: string
  readonly token: string
  readonly #init: RedisClaimsInit
  readonly #held: Set<RedisClaim>
  readonly #overtaken: () => boolean
  #moment: RedisMoment = { redis: 0, here: 0 }
  #timer: Timer | null = null
  #ended = false

  constructor(init: RedisClaimsInit, lock: string, token: string, held: Set<RedisClaim>, overtaken: () => boolean) {
    this.#init = init
    this.lock = lock
    this.token = token
    this.#held = held
    this.#overtaken = overtaken
  }

  /** Redis's time when it was got. */
  get moment(): RedisMoment {
    return this.#moment
  }

  begin(moment: RedisMoment): this {
    this.#moment = moment
    this.#held.add(this)
    const { clock, tallies } = this.#init
    tallies.claimed()
    const over = clock.now() + LONGEST
    const timer = clock.after(RENEWED, () => {
      if (clock.now() >= over) return
      // Whoever came after the purge fetches anew, and does not wait longer than on one node.
      if (this.#overtaken()) return this.release('again')
      timer.refresh()
      this.#renew().catch((error: unknown) => tallies.failed(error))
    })
    this.#timer = timer
    return this
  }

  release(outcome: 'again' | 'alone'): void {
    if (!this.ended()) return
    const { port, channel, tallies } = this.#init
    port.run(RELEASE, [this.lock], [this.token, channel, this.says(outcome)]).catch((error: unknown) => tallies.failed(error))
  }

  /** What is told to who waits. */
  says(end: ClaimEnd): string {
    return `${this.lock} ${end}`
  }

  /** It is not renewed any more. Answers `false` where it had ended before. */
  ended(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#held.delete(this)
    this.#timer?.cancel()
    return true
  }

  async #renew(): Promise<void> {
    const own = await this.#init.port.run(RENEW, [this.lock], [this.token, LIFE])
    // Somebody else has it: nothing is to be renewed, and the fetch goes on all the same.
    if (own === 0) this.#timer?.cancel()
  }
}

/** What the script answers. */
function claimed(reply: Reply): readonly [got: boolean, changed: boolean, redis: number] {
  const [got, changed, redis] = Array.isArray(reply) ? (reply as readonly Reply[]) : []
  return [got === 1, changed === 1, typeof redis === 'number' ? redis : 0]
}
