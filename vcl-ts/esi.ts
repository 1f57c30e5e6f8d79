/** What a policy says of pages that are put together of fragments (Edge Side Includes). */
import { nearest } from './nearest.ts'

/** Which includes are followed, and in which pages. Without it: to the page's own host, in pages that begin with `<`. */
export interface EsiRules {
  /**
   * Hosts that includes may lead to besides the page's own, as in `Host`: lower case, with a port unless it is the scheme's own. Such a
   * fragment is asked for with that `Host` from the backend that the policy chooses, without the client's Cookie and Authorization.
   * Default none.
   */
  readonly hosts?: readonly string[]
  /** Whether pages count whose first byte beyond blanks is not `<`, JSON or plain text for example. Default `false`. */
  readonly anyText?: boolean
}

/** The rules of all policies of a stack together. */
export interface CompiledEsi {
  readonly hosts: ReadonlySet<string>
  readonly anyText: boolean
}

const KEYS: readonly string[] = ['hosts', 'anyText']
const HOST = /^(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/

export function compileEsi(all: readonly (EsiRules | undefined)[]): CompiledEsi {
  return Object.freeze({
    hosts: new Set(all.flatMap((rules) => rules?.hosts ?? [])),
    anyText: all.some((rules) => rules?.anyText === true),
  })
}

/** What is wrong with a policy's rules, or `null`. */
export function esiFault(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'esi must be an object: esi: { hosts: [ … ] }'
  const rules = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(rules)) {
    if (KEYS.includes(key)) continue
    const meant = nearest(key, KEYS)
    return `esi has no ${JSON.stringify(key)}; ${meant === null ? `there are ${KEYS.join(', ')}` : `did you mean ${meant}?`}`
  }
  const { hosts, anyText } = rules
  if (anyText !== undefined && typeof anyText !== 'boolean') return 'esi.anyText must be true or false'
  if (hosts === undefined) return null
  if (!Array.isArray(hosts)) return 'esi.hosts must be a list of hosts'
  const wrong = hosts.find((host) => typeof host !== 'string' || !HOST.test(host))
  return wrong === undefined
    ? null
    : `esi.hosts has ${JSON.stringify(wrong)}, which is no host in lower case such as ads.example or ads.example:8080`
}
