/** A request's host in the one form that key, policy and origin see. */

const DEFAULT_PORT: Readonly<Record<'http' | 'https', RegExp>> = { http: /:(?:0*80)?$/, https: /:(?:0*443)?$/ }

/**
 * Lower case, without a trailing dot, an empty port or the scheme's default port (RFC 9110 §4.2.3). The syntax is taken as checked.
 * A host that is in that form already is answered as it is, without making a string.
 */
export function normaliseHost(host: string, scheme: 'http' | 'https'): string {
  const lower = host.toLowerCase()
  const name = DEFAULT_PORT[scheme].test(lower) ? lower.slice(0, lower.lastIndexOf(':')) : lower
  return name.endsWith('.') || name.includes('.:') ? name.replace(/(?<=.)\.(?=$|:\d+$)/, '') : name
}
