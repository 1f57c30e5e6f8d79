/** Carries out the services that policies declare: each from before its policy's `init` to behind its `fini`. */
import type { Jwt } from '../../../vcl-ts/services/jwt.ts'
import { introduce, type Service } from '../../../vcl-ts/services/service.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { type BucketMemory, Buckets, bucketMemory } from './buckets.ts'
import { RateLimiting } from './rate-limiting.ts'
import { TokenVerifier } from './token-verifier.ts'

export interface ServicesInit {
  readonly clock: Clock
  readonly log: EventLog
  /** Of a hook's promise, in seconds: no service takes longer. */
  readonly deadline: () => number
  /** What several threads count in. Default: memory of this engine's own, made when a limit is declared. */
  readonly limits?: BucketMemory
}

/** Of one engine. */
export interface ServiceParts extends Omit<ServicesInit, 'limits'> {
  readonly buckets: () => Buckets
}

/** What carries a service out, once it has begun. */
interface Begun {
  readonly work: object
  /** Ends what it has under way. */
  readonly stop?: () => void
}

export class Services {
  readonly #parts: ServiceParts

  constructor({ limits, ...init }: ServicesInit) {
    let buckets: Buckets | null = null
    this.#parts = {
      ...init,
      buckets: () => {
        buckets ??= new Buckets(limits ?? bucketMemory())
        return buckets
      },
    }
  }

  /** Begins those of one policy; what it answers ends them. */
  start(services: ReadonlyMap<string, Service>): () => void {
    const ends: (() => void)[] = []
    for (const [name, service] of services) {
      const { work, stop } = this.#begin(name, service)
      ends.push(introduce(service, work))
      if (stop !== undefined) ends.push(stop)
    }
    return () => {
      for (const end of ends.splice(0)) end()
    }
  }

  #begin(name: string, service: Service): Begun {
    switch (service.kind) {
      case 'rateLimit':
        return { work: new RateLimiting(name, this.#parts.buckets(), this.#parts.clock) }
      case 'jwt': {
        const work = new TokenVerifier(service as Jwt, this.#parts)
        return { work, stop: () => work.stop() }
      }
      default:
        throw new TypeError(`there is no service of the kind ${JSON.stringify(service.kind)}`)
    }
  }
}
