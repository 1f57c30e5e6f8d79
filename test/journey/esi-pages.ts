/** Pages of fragments, and what else an origin answers beside them. */
import type { OriginScript } from '../support/scripted-origin.ts'
import { type Fields, reply, type Site } from './site.ts'

export const PAGE: Fields = { 'Cache-Control': 'max-age=60', 'Surrogate-Control': 'content="ESI/1.0"' }
export const KEPT: Fields = { 'Cache-Control': 'max-age=60' }

/** Pages by URL, which are to be assembled if they hold ESI; what is not among them is answered by `others`. */
export function pages(
  bodies: Readonly<Record<string, string>>,
  others: OriginScript = (_, response) => reply(response, 404, {}, 'none'),
): OriginScript {
  return (hit, response) => {
    const body = bodies[hit.url]
    if (body === undefined) others(hit, response)
    else reply(response, 200, body.includes('esi') ? PAGE : KEPT, body)
  }
}

export async function text(of: Site, path: string, fields: Fields = {}): Promise<string> {
  return (await of.get(path, fields)).body.toString('latin1')
}
