/** What `--origin` and the option `origin` mean: one server as it is, several as a round-robin whose members are probed. */
import { backend } from '../../vcl-ts/backend.ts'
import { roundRobin } from '../../vcl-ts/directors/build.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { ProbeOptions } from '../../vcl-ts/probe.ts'

/** Nothing is known of these servers but that they speak HTTP: whatever is not their own fault will do. Healthy until they show otherwise. */
const PROBE: ProbeOptions = { path: '/', expected: { below: 500 }, initial: 3 }
/** Seconds. */
const RAMPUP = 10

/** `null`: none is given. Throws a `TypeError` for a URL that cannot be one. */
export function bootOrigin(origin: string | readonly string[] | BackendChoice | null | undefined): BackendChoice | null {
  if (origin === undefined || origin === null) return null
  const urls = typeof origin === 'string' ? [origin] : isList(origin) ? origin : null
  if (urls === null) return origin as BackendChoice
  const [first, ...more] = urls
  if (first === undefined) return null
  if (more.length === 0) return backend(first)
  return roundRobin(
    urls.map((url) => backend(url, { probe: PROBE })),
    { rampup: RAMPUP },
  )
}

function isList(origin: readonly string[] | BackendChoice): origin is readonly string[] {
  return Array.isArray(origin)
}
