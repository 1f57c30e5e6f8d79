/** Waiting for the bytes of a stored object that lie in memory of their own and are not at hand. Who waits looks up again when they are. */
import type { Claim, ClaimKind, Waiter } from '../claim.ts'
import type { CachedObject } from '../object.ts'

const AGAIN = { type: 'again' } as const

export class BodyWait implements Claim {
  readonly key: string
  readonly kind: ClaimKind = 'whole'
  readonly range = null
  readonly credentialed = false
  readonly position: number
  readonly stale = null
  readonly part = null
  readonly attempt = 0
  readonly detached = false
  readonly overtakenAt = null
  /** Whose bytes they are. */
  readonly object: CachedObject
  readonly #queue = new Set<Waiter>()
  released = false

  constructor(object: CachedObject, position: number) {
    this.key = object.key
    this.object = object
    this.position = position
  }

  get waiters(): number {
    return this.#queue.size
  }

  wait(waiter: Waiter): () => void {
    this.#queue.add(waiter)
    return () => this.#queue.delete(waiter)
  }

  end(): void {
    this.released = true
    for (const waiter of this.#queue) {
      this.#queue.delete(waiter)
      waiter.released(AGAIN)
    }
  }
}
