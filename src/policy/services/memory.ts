/** Carries out `memo`, and remembers for other services: bounded, coalesced, with stale answers when the one who is asked fails. */
import { LRUCache } from 'lru-cache'
import type { Maybe } from '../../../vcl-ts/maybe.ts'
import type { MemoWork } from '../../../vcl-ts/services/memo.ts'
import type { Clock } from '../../clock.ts'

interface Known {
  readonly value: unknown
  /** Monotonic milliseconds. */
  readonly fresh: number
  readonly usable: number
}

interface Failed {
  readonly error: unknown
  readonly until: number
}

/** One question under way; whoever forgets its key takes it out, and then what it finds is not remembered. */
interface Asking {
  promise: Promise<unknown> | null
}

export interface MemoryInit {
  readonly clock: Clock
  readonly max: number
  /** Seconds. */
  readonly staleIfError: number
  readonly errorTtl: number
}

export class Memory implements MemoWork {
  readonly #clock: Clock
  readonly #staleIfError: number
  readonly #errorTtl: number
  readonly #known: LRUCache<string, Known>
  readonly #failed: LRUCache<string, Failed>
  readonly #underWay = new Map<string, Asking>()

  constructor({ clock, max, staleIfError, errorTtl }: MemoryInit) {
    this.#clock = clock
    this.#staleIfError = staleIfError * 1000
    this.#errorTtl = errorTtl * 1000
    this.#known = new LRUCache({ max })
    this.#failed = new LRUCache({ max })
  }

  /** `ttl` in seconds. */
  get<T>(key: string, ask: () => Promise<T>, ttl: (value: T) => number): Maybe<T> {
    const now = this.#clock.now()
    const known = this.#known.get(key)
    if (known !== undefined && known.fresh > now) return known.value as T
    const failed = this.#failed.get(key)
    if (failed !== undefined && failed.until > now)
      return known !== undefined && known.usable > now ? (known.value as T) : Promise.reject(failed.error)
    const before = this.#underWay.get(key)?.promise
    if (before != null) return before as Promise<T>
    const asking: Asking = { promise: null }
    this.#underWay.set(key, asking)
    const promise = this.#ask(key, asking, ask, ttl)
    asking.promise = promise
    // Whoever does not wait for it must not end the process.
    promise.catch(() => undefined)
    return promise
  }

  /** What is under way for it is not remembered either. */
  forget(key: string): void {
    this.#known.delete(key)
    this.#failed.delete(key)
    this.#underWay.delete(key)
  }

  clear(): void {
    this.#known.clear()
    this.#failed.clear()
    this.#underWay.clear()
  }

  async #ask<T>(key: string, asking: Asking, ask: () => Promise<T>, ttl: (value: T) => number): Promise<T> {
    try {
      const value = await ask()
      const life = ttl(value) * 1000
      if (this.#underWay.get(key) === asking && life > 0) {
        const fresh = this.#clock.now() + life
        this.#known.set(key, { value, fresh, usable: fresh + this.#staleIfError })
        this.#failed.delete(key)
      }
      return value
    } catch (error) {
      const now = this.#clock.now()
      if (this.#underWay.get(key) === asking && this.#errorTtl > 0) this.#failed.set(key, { error, until: now + this.#errorTtl })
      const known = this.#known.peek(key)
      if (known !== undefined && known.usable > now) return known.value as T
      throw error
    } finally {
      if (this.#underWay.get(key) === asking) this.#underWay.delete(key)
    }
  }
}
