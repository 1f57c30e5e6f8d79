/** What `--origin` and the option `origin` mean: one server as it is, several as a round-robin whose members are probed. */
import { type Backend, backend } from '../../vcl-ts/backend.ts'
import { roundRobin } from '../../vcl-ts/directors/build.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import { type ProbeOptions, probeOf } from '../../vcl-ts/probe.ts'

/** Nothing is known of these servers but that they speak HTTP: whatever is not their own fault will do. Healthy until they show otherwise. */
const PROBE: ProbeOptions = { path: '/', expected: { below: 500 }, initial: 3 }
/** Seconds. */
const RAMPUP = 10

/** `null`: none is given. Throws a `TypeError` for a URL that cannot be one. */
export function bootOrigin(origin: string | readonly (string | Backend)[] | BackendChoice | null | undefined): BackendChoice | null {
  if (origin === undefined || origin === null) return null
  if (typeof origin === 'string') return backend(origin)
  if (!isList(origin)) return origin
  const backends = origin.map((each) => (typeof each === 'string' ? backend(each) : each))
  const [first = null, ...more] = backends
  return more.length === 0 ? first : roundRobin(backends.map(probed), { rampup: RAMPUP })
}

function probed(server: Backend): Backend {
  return server.probe === null ? Object.freeze({ ...server, probe: probeOf(PROBE) }) : server
}

function isList(origin: readonly (string | Backend)[] | BackendChoice): origin is readonly (string | Backend)[] {
  return Array.isArray(origin)
}
