/**
 * Asks for the addresses of one name, once. The machine's hosts file comes first, as everywhere; then DNS, which tells how long an answer
 * holds; where DNS knows no such name, the system may, which has search domains and other sources.
 */
import { ADDRCONFIG, CANCELLED, CONNREFUSED, lookup, NODATA, NOTFOUND, promises } from 'node:dns'
import { readFileSync } from 'node:fs'
import type { Address } from './names.ts'

/** Addresses and for how many seconds they hold. */
export interface Found {
  readonly addresses: readonly Address[]
  readonly ttl: number
}

export interface Lookup {
  /** Rejects with why there are no addresses. */
  find(name: string): Promise<Found>
  /** Gives up what is under way. */
  cancel(): void
}

export interface LookupOptions {
  /** DNS servers, `address` or `address:port`; empty: the system's, and the system's other sources. */
  readonly servers: readonly string[]
}

/** Milliseconds that one server has for its first answer. */
const TIMEOUT = 1000
const TRIES = 2
/** Seconds that an answer of the system holds, which does not say. */
const SYSTEM_TTL = 30
/** Seconds that SRV records hold at the most: Node does not tell how long they would. */
const SERVICE_TTL = 5
/** The most addresses that are used of one name. */
const MOST = 256

const HOSTS = '/etc/hosts'

/** Throws a `TypeError` for a server that is no address. */
export function createLookup({ servers }: LookupOptions): Lookup {
  const resolver = new promises.Resolver({ timeout: TIMEOUT, tries: TRIES })
  if (servers.length > 0) resolver.setServers(servers)
  return {
    find: (name) => (name.startsWith('_') ? service(resolver, name) : host(resolver, name, servers.length === 0)),
    cancel: () => resolver.cancel(),
  }
}

async function host(resolver: promises.Resolver, name: string, system: boolean): Promise<Found> {
  if (isLocal(name) || inHosts(name)) return bySystem(name)
  try {
    return await byDns(resolver, name)
  } catch (error) {
    if (!system || !OTHERWISE.has(codeOf(error))) throw error
    return bySystem(name)
  }
}

/** DNS has no such name, or no address of it. */
const ABSENT: ReadonlySet<string> = new Set([NOTFOUND, NODATA])
/** Or there is no DNS server: the system may have another source. It is not asked behind a server that hangs, where it would hang, too. */
const OTHERWISE: ReadonlySet<string> = new Set([...ABSENT, CONNREFUSED])

async function byDns(resolver: promises.Resolver, name: string): Promise<Found> {
  const [four, six] = await Promise.allSettled([resolver.resolve4(name, { ttl: true }), resolver.resolve6(name, { ttl: true })])
  const records = [...(four.status === 'fulfilled' ? four.value : []), ...(six.status === 'fulfilled' ? six.value : [])]
  if (records.length === 0) throw worse(four, six)
  // That one of both was not answered says nothing of its addresses: ask again soon.
  const whole = [four, six].every((half) => half.status === 'fulfilled' || ABSENT.has(codeOf(half.reason)))
  const ttl = Math.min(...records.map((record) => record.ttl))
  return { addresses: records.slice(0, MOST).map(({ address }) => plain(address)), ttl: whole ? ttl : 0 }
}

/** Of two failures the one that says less about the name. */
function worse(...halves: readonly PromiseSettledResult<unknown>[]): Error {
  const errors = halves.flatMap((half) => (half.status === 'rejected' ? [half.reason as NodeJS.ErrnoException] : []))
  return errors.find((error) => !ABSENT.has(codeOf(error))) ?? errors[0] ?? new Error('no address')
}

function bySystem(name: string): Promise<Found> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true, hints: ADDRCONFIG }, (error, found) => {
      if (error !== null) reject(error)
      else resolve({ addresses: found.slice(0, MOST).map(({ address }) => plain(address)), ttl: SYSTEM_TTL })
    })
  })
}

/** RFC 2782. What cannot be resolved of several targets is left out. */
async function service(resolver: promises.Resolver, name: string): Promise<Found> {
  const records = await resolver.resolveSrv(name)
  if (records.every((record) => record.name === '' || record.name === '.')) throw new Error('the service is not offered there')
  const targets = [...new Set(records.map((record) => record.name))].slice(0, MOST)
  const found = new Map<string, Found>()
  let trouble: unknown = null
  await Promise.all(
    targets.map(async (target) => {
      try {
        found.set(target, await host(resolver, target, false))
      } catch (error) {
        trouble = error
      }
    }),
  )
  if (found.size === 0) throw trouble ?? new Error('no target')
  const addresses = records.flatMap(({ name: target, port, priority, weight }) => {
    const all = found.get(target)?.addresses ?? []
    return all.map(({ host: address }) => ({ host: address, port, priority, weight: weight / all.length }))
  })
  const ttls = Array.from(found.values(), ({ ttl }) => ttl)
  return { addresses: addresses.slice(0, MOST), ttl: trouble === null ? Math.min(SERVICE_TTL, ...ttls) : 0 }
}

function plain(host: string): Address {
  return { host, port: null, priority: 0, weight: 1 }
}

/** RFC 6761 §6.3. */
function isLocal(name: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(name)
}

function inHosts(name: string): boolean {
  let text: string
  try {
    text = readFileSync(HOSTS, 'utf8')
  } catch {
    return false
  }
  const wanted = name.toLowerCase().replace(/\.$/, '')
  return text.split('\n').some((line) => {
    const [, ...names] = (line.split('#')[0] ?? '').trim().toLowerCase().split(/\s+/)
    return names.includes(wanted)
  })
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}

/** Why, in words that name the resolver's code. */
export function troubleOf(error: unknown): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  return code === CANCELLED ? 'no answer in time' : code === '' || message.includes(code) ? message : `${message} (${code})`
}
