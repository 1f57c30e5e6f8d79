/** From a request's method and target to a route, and from its query and body to what the route takes. */
import type { z } from 'zod'
import { Problem } from './problem.ts'
import type { Route } from './route.ts'

export interface Matched {
  readonly route: Route
  readonly name: string
  readonly query: string
}

/** Throws a `Problem` for a path or method that there is not. */
export function match(routes: readonly Route[], method: string, target: string): Matched {
  const [path = '', query = ''] = splitAt(target, '?')
  const asked = method === 'HEAD' ? 'GET' : method
  const allowed: string[] = []
  for (const route of routes) {
    const name = matchPath(route.path, path)
    if (name === null) continue
    if (route.method === asked) return { route, name: decoded(name), query }
    allowed.push(route.method)
  }
  if (allowed.length === 0) throw new Problem(404, 'not-found', `there is no ${shown(path)}`, 'GET / lists what there is')
  if (allowed.includes('GET')) allowed.push('HEAD')
  throw new Problem(405, 'method-not-allowed', `${shown(path)} does not take ${shown(method)}`, `use ${allowed.join(' or ')}`, {
    Allow: allowed.join(', '),
  })
}

/** The query as an object, checked. Throws a `Problem`. */
export function queryOf(schema: z.ZodType | null, query: string): unknown {
  const values: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(query)) {
    if (Object.hasOwn(values, name)) throw badRequest(`the parameter ${shown(name)} is given twice`, 'give it once')
    Object.defineProperty(values, name, { value, enumerable: true })
  }
  if (schema === null && Object.keys(values).length > 0)
    throw badRequest('there are query parameters', 'leave them out: none are known here')
  return schema === null ? null : checked(schema, values, 'query')
}

/** A JSON body, checked. Throws a `Problem`. */
export function jsonBody(schema: z.ZodType, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw badRequest(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`, 'send one JSON object')
  }
  return checked(schema, value, 'body')
}

function checked(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const path = issue === undefined ? '' : issue.path.map((part) => `.${String(part)}`).join('')
  throw badRequest(`${where}${path}: ${issue?.message ?? 'it cannot be used'}`, 'GET /openapi.json tells what it takes')
}

function badRequest(detail: string, how: string): Problem {
  return new Problem(400, 'bad-request', detail, how)
}

/** What stands for `{name}`, `''` when the pattern has none; `null` for another path. */
function matchPath(pattern: string, path: string): string | null {
  const at = pattern.indexOf('{')
  if (at < 0) return pattern === path ? '' : null
  const before = pattern.slice(0, at)
  const behind = pattern.slice(pattern.indexOf('}') + 1)
  if (!path.startsWith(before) || !path.endsWith(behind) || path.length <= before.length + behind.length) return null
  const name = path.slice(before.length, path.length - behind.length)
  return name.includes('/') ? null : name
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw badRequest(`${shown(name)} is not percent-encoded UTF-8`, 'encode it as RFC 3986 says')
  }
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}
