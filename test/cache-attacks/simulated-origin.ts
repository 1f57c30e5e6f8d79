/** The origin of a simulation: each key has a version that goes up; answers are made at one moment and come some time later. */
import type { OriginHandler, OriginReply, OriginSeen } from '../../src/testing/fake-origin.ts'
import type { Owner, VirtualTime } from '../support/virtual-time.ts'

export interface OriginManners {
  /** Milliseconds until an answer, at most, and of those that are slow. */
  readonly takes: number
  readonly slow: number
  /** Shares of answers that are slow, fail, cannot be shared, have a long body, vary by `x-v`, are fresh for two seconds only. */
  readonly slows: number
  readonly fails: number
  readonly refuses: number
  readonly large: number
  readonly varies: number
  readonly short: number
}

export interface OriginFetch {
  readonly key: string
  readonly node: string
  readonly began: number
  /** When it was answered; `null`: not yet. */
  ended: number | null
  /** `null`: it failed. */
  version: number | null
}

const LARGE = 70_000

export class SimulatedOrigin {
  readonly #time: VirtualTime
  readonly #random: () => number
  readonly #manners: OriginManners
  readonly #versions = new Map<string, number>()
  readonly #changes: { readonly key: string; readonly version: number; readonly at: number }[] = []
  readonly #varying = new Map<string, boolean>()
  readonly fetches: OriginFetch[] = []
  /** The network between a node and the origin. */
  readonly #told: (text: string) => void

  constructor(time: VirtualTime, random: () => number, manners: OriginManners, told: (text: string) => void) {
    this.#time = time
    this.#random = random
    this.#manners = manners
    this.#told = told
  }

  version(key: string): number {
    return this.#versions.get(key) ?? 1
  }

  change(key: string): void {
    const version = this.version(key) + 1
    this.#versions.set(key, version)
    this.#changes.push({ key, version, at: this.#time.now })
  }

  /** What it had at a moment. */
  versionAt(key: string, moment: number): number {
    return this.#changes.findLast((change) => change.key === key && change.at <= moment)?.version ?? 1
  }

  /** What a node asks; `owner`: whose answers come there only while it lives. */
  handler(node: string, owner: Owner): OriginHandler {
    return (seen) =>
      new Promise((resolve) => {
        const fetch: OriginFetch = { key: seen.url, node, began: this.#time.now, ended: null, version: null }
        this.fetches.push(fetch)
        const { takes, slow, slows } = this.#manners
        const most = this.#random() < slows ? slow : takes
        const there = this.#random() * most
        const back = this.#random() * (most - there)
        this.#told(`${node} asks the origin for ${seen.url}`)
        this.#time.after(there, () => {
          const reply = this.#reply(seen, fetch)
          const arrives = (): void => {
            fetch.ended = this.#time.now
            this.#told(`the origin answers ${node}: ${seen.url} ${fetch.version === null ? 'fails' : `version ${fetch.version}`}`)
            resolve(reply)
          }
          this.#time.after(back, arrives, owner)
        })
      })
  }

  #reply(seen: OriginSeen, fetch: OriginFetch): OriginReply {
    const { fails, refuses, large, short } = this.#manners
    const random = this.#random
    if (random() < fails) return random() < 0.5 ? { fails: 'reset' } : { status: 503, headers: { 'Cache-Control': 'no-store' } }
    const { url } = seen
    const version = this.version(url)
    fetch.version = version
    const etag = `"${version}"`
    const varies = this.#variesAt(url)
    const headers = {
      ETag: etag,
      'Cache-Control': random() < refuses ? 'private' : `max-age=${random() < short ? 2 : 3600}, stale-while-revalidate=3600`,
      xkey: `page${url.replace('/', '-')} pages`,
      ...(varies ? { Vary: 'x-v' } : {}),
    }
    if (seen.headers.getLower('if-none-match') === etag) return { status: 304, headers }
    const variant = varies ? (seen.headers.getLower('x-v') ?? '') : ''
    const text = bodyFor(url, version, variant)
    return { headers, body: random() < large ? text.padEnd(LARGE, '.') : text }
  }

  #variesAt(url: string): boolean {
    const known = this.#varying.get(url) ?? this.#random() < this.#manners.varies
    this.#varying.set(url, known)
    return known
  }
}

function bodyFor(url: string, version: number, variant: string): string {
  return `${url} version ${version} for ${variant === '' ? 'all' : variant};`
}

/** What a body tells of itself; `null`: nothing that the origin wrote. */
export function readBody(text: string): { readonly url: string; readonly version: number; readonly variant: string } | null {
  const [, url = '', version = '', variant = ''] = /^(\S+) version (\d+) for (\w+);\.*$/.exec(text) ?? []
  return url === '' ? null : { url, version: Number(version), variant }
}
