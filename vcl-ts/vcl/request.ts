/** What VCL says of a request and its connection that policies say otherwise. */
import type { Beresp, Req, Session } from '../context.ts'
import { hash32 } from '../directors/key-by.ts'
import type { Filter } from '../filters.ts'

/** `HTTP/1.1`, as `req.proto`. */
export function proto(version: Req['proto']): string {
  return version === '2' ? 'HTTP/2.0' : `HTTP/${version}`
}

/** As `req.transport`. */
export function transport(req: Pick<Req, 'proto'>): string {
  return req.proto === '2' ? 'H2' : 'HTTP/1'
}

/** Whether the client takes gzip. */
export function canGzip(req: Pick<Req, 'headers'>): boolean {
  const offers = (req.headers.joined('accept-encoding') ?? '').split(',')
  return offers.some((offer) => /^\s*(?:x-)?gzip\s*(?:;(?!\s*q\s*=\s*0(?:\.0*)?\s*$)|$)/i.test(offer))
}

/** As `local.endpoint`. */
export function endpoint({ localIp, localPort }: Session): string {
  return localIp.includes(':') ? `[${localIp}]:${localPort}` : `${localIp}:${localPort}`
}

/** A transaction's id as a number. */
export function xid(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : hash32(id)
}

/** The request as the client sent it (`std.rollback(req)`). */
export function rollback(req: Req): void {
  const { method, url, headers } = req.original
  req.method = method
  req.url = url
  const names = new Set(Array.from(req.headers, ([name]) => name.toLowerCase()))
  for (const name of names) req.headers.removeRaw(name)
  for (const [name, value] of headers) req.headers.appendRaw(name, name.toLowerCase(), value)
}

/** Stores the answer decoded (`beresp.do_gunzip`). */
export function gunzip(beresp: Pick<Beresp, 'filters' | 'compress'>): void {
  // Filters see bodies decoded, whatever they do.
  beresp.filters.push(asItIs)
  beresp.compress = false
}

function asItIs(): Filter {
  return { chunk: (bytes, push) => push(bytes) }
}
