/** Carries out the services that policies declare: each from before its policy's `init` to behind its `fini`. */
import { PolicyError } from '../../../vcl-ts/policy.ts'
import type { BasicAuth } from '../../../vcl-ts/services/basic-auth.ts'
import type { ForwardAuth } from '../../../vcl-ts/services/forward-auth.ts'
import type { HttpClient } from '../../../vcl-ts/services/http-client.ts'
import type { Jwt } from '../../../vcl-ts/services/jwt.ts'
import type { Memo } from '../../../vcl-ts/services/memo.ts'
import { introduce, type Service } from '../../../vcl-ts/services/service.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { AuthAsking } from './auth-asking.ts'
import { type BucketMemory, Buckets, bucketMemory } from './buckets.ts'
import { HttpAsking } from './http-asking.ts'
import { Memory } from './memory.ts'
import { PasswordCheck } from './password-check.ts'
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

/** What carries a service out. `stop` ends what it has under way. */
type Work = object & { readonly stop?: () => void }

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

  /** Begins those of one policy; what it answers ends them. Throws a `PolicyError` for one that cannot begin; then none runs. */
  start(services: ReadonlyMap<string, Service>): () => void {
    const ends: (() => void)[] = []
    const end = (): void => {
      for (const each of ends.splice(0)) each()
    }
    for (const [name, service] of services) {
      try {
        const work = this.#begin(name, service)
        ends.push(introduce(service, work), () => work.stop?.())
      } catch (cause) {
        end()
        throw new PolicyError(`services.${name} cannot begin: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    }
    return end
  }

  #begin(name: string, service: Service): Work {
    const { clock, deadline, buckets } = this.#parts
    switch (service.kind) {
      case 'rateLimit':
        return new RateLimiting(name, buckets(), clock)
      case 'jwt':
        return new TokenVerifier(service as Jwt, this.#parts)
      case 'basicAuth':
        return new PasswordCheck(service as BasicAuth, clock)
      case 'forwardAuth':
        return new AuthAsking(service as ForwardAuth, this.#parts)
      case 'memo':
        return new Memory({ ...(service as Memo<never, unknown>), clock })
      case 'httpClient':
        return new HttpAsking(service as HttpClient, clock, deadline)
      default:
        throw new TypeError(`there is no service of the kind ${JSON.stringify(service.kind)}`)
    }
  }
}
