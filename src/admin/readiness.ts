/** Whether clients should be sent here, for load balancers and orchestrators. Redis is no condition: without it the node serves on. */
import { degraded, glance } from './fleet.ts'
import type { AdminParts } from './parts.ts'
import { Problem } from './problem.ts'

export interface Readiness {
  readonly status: 'ready'
  /** The policy in use. */
  readonly policy: string
  /** `stored`: all are sick, and what is stored is served. `none`: the policy asks nobody that is known by name. */
  readonly backends: 'healthy' | 'stored' | 'none'
  /** `off`: this node is alone. */
  readonly redis: 'off' | 'following' | 'catching-up' | 'cut-off'
  /** What is amiss meanwhile. */
  readonly degraded: readonly string[]
}

type Looked = Pick<AdminParts, 'status' | 'backends' | 'table' | 'fleet'>

/** Throws a `Problem` with status 503 while clients should go elsewhere. */
export function readiness(parts: Looked): Readiness {
  const { state, serving, policy } = parts.status()
  const backends = backendsOf(parts)
  const amiss = [
    state === 'draining' ? 'it is draining' : '',
    serving ? '' : 'no listener is open',
    policy === '' ? 'no policy is in use' : '',
    backends === 'sick' ? 'every backend is sick, and nothing is stored' : '',
  ].filter((why) => why !== '')
  if (amiss.length > 0 || backends === 'sick')
    throw new Problem(503, 'not-ready', amiss.join('; '), 'send clients elsewhere until it is ready', { 'Retry-After': '1' })
  return { status: 'ready', policy, backends, redis: glance(parts.fleet)?.state ?? 'off', degraded: degraded(parts) }
}

function backendsOf({ backends, table }: Looked): Readiness['backends'] | 'sick' {
  const all = backends.list()
  if (all.length === 0) return 'none'
  if (all.some(({ health }) => health === 'healthy')) return 'healthy'
  return table.objects > 0 ? 'stored' : 'sick'
}
