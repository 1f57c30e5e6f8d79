/** What a route is for, as it is written: `shop.example.com/api/*`. */

/** `shop.example.com/*`, `*.example.com/api/*`, `/static/logo.svg`: a host, or what ends a host, or nothing for any; and a path, or the beginning of one. */
export type RoutePattern = `${string}/${string}`

export interface ParsedRoute {
  /** `exact`: this host. `below`: every host under this one. `any`: every request. */
  readonly hosts: 'exact' | 'below' | 'any'
  /** Lower case, without port; `''` for any. */
  readonly host: string
  /** What stands between the slashes, in order; of `/` one that is empty. */
  readonly segments: readonly string[]
  /** Whether it ends in `/*`: whatever follows. */
  readonly prefix: boolean
}

const NAME = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/
const ADDRESS = /^\[[0-9a-f:.]{2,45}\]$/
const PATH = /^\/[\x21-\x7e]*$/

/** A route taken apart, or a text that says what is wrong with it and how to mend it. */
export function parseRoute(pattern: string): ParsedRoute | string {
  const slash = pattern.indexOf('/')
  if (slash < 0) return `it has no path; for all of a host write ${JSON.stringify(`${pattern}/*`)}`
  const written = pattern.slice(0, slash).toLowerCase()
  const path = pattern.slice(slash)
  const fault = hostFault(written) ?? pathFault(path)
  if (fault !== null) return fault
  const prefix = path.endsWith('/*')
  const segments = path.slice(1).split('/')
  const host = written === '*' ? '' : written.startsWith('*.') ? written.slice(2) : written
  return {
    hosts: host === '' ? 'any' : written.startsWith('*') ? 'below' : 'exact',
    host,
    segments: prefix ? segments.slice(0, -1) : segments,
    prefix,
  }
}

function hostFault(host: string): string | null {
  if (host === '' || host === '*') return null
  if (host === 'http:' || host === 'https:') return 'it begins with a scheme; leave that out, and ask req.scheme in the policy'
  if (host.includes(':') && !ADDRESS.test(host)) return 'its host has a port; leave that out: a host is meant with every port'
  if (/[^\x21-\x7e]/.test(host)) return 'its host is not ASCII; write it as clients send it: xn--…'
  const name = host.startsWith('*.') ? host.slice(2) : host
  if (NAME.test(name) || (name === host && ADDRESS.test(host))) return null
  return name.includes('*')
    ? 'its host has a * within; that stands alone or as the whole first label: *.example.com'
    : `${JSON.stringify(host)} is not a host`
}

function pathFault(path: string): string | null {
  if (path.includes('?')) return 'it has a query; routes go by the path, ask req.query in the policy'
  if (path.includes('#') || path.includes('\\') || !PATH.test(path))
    return 'its path has a character that no request has there; write it as clients send it, percent-encoded'
  const star = path.indexOf('*')
  if (star < 0 || (star === path.length - 1 && path.endsWith('/*'))) return null
  return 'its path has a * that is not its last segment; end it with /* for all that is below, and look at the rest in the policy'
}
