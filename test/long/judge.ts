/** Clients that ask a judged origin's pages through a cache of one or several nodes, purge them, and say of each answer whether it may be. */
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { bodyFor, etagFor, type Page, variantFor } from './judged-origin.ts'
import { Random, SEED } from './random.ts'

export interface Court {
  readonly pages: readonly Page[]
  /** Of the nodes. */
  readonly ports: readonly number[]
  /** Milliseconds within which what one node has answered to a purge holds at the others, too; `null`: by `settle` alone. */
  readonly lag: number | null
  /** What is wrong. */
  readonly findings: string[]
  readonly kinds: Map<string, number>
  /** Node, page and variant: the era in which an answer was whole for the first time, and when. `null`: there is no room for all. */
  readonly whole: Map<string, { readonly era: number; readonly at: number }> | null
}

interface Asked {
  /** The number of the node. */
  readonly node: number
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Bytes of the body after which the client leaves. */
  readonly leaves: number | null
}

type Answered =
  | { readonly type: 'answer'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly type: 'left' }
  | { readonly type: 'error'; readonly error: string }

const LANGUAGES = ['de', 'fr', 'en', 'it', 'es', 'nl', 'pl', 'cs']
const DEVICES = ['d', 'm']
/** Milliseconds after which what was whole for its client is stored: it is so in the same turn of the loop, which others may interrupt. */
const BY_THEN = 250
/** Bytes of a range at most. */
const RANGE = 50_000
const CLIENTS = 24
/** Behind a load balancer all nodes have the same name. */
const HOST = 'judged.example'
/** More findings are no news. */
const MOST_FINDINGS = 20

/** Asks for so many seconds, and tells how often it got what. */
export async function judge(court: Court, seconds: number): Promise<string> {
  const ends = performance.now() + seconds * 1000
  const goesOn = (): boolean => performance.now() < ends && court.findings.length < MOST_FINDINGS
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(court, new Random(SEED + number), goesOn)))
  const { kinds } = court
  const asked = [...kinds.values()].reduce((all, times) => all + times, 0)
  return `seed ${SEED}, ${asked} answers (${[...kinds].map(([kind, times]) => `${kind} ${times}`).join(', ')})`
}

/** What has been answered to purges until now holds at all nodes after so many milliseconds. */
export async function settle({ pages, ports }: Court, ms: number): Promise<void> {
  const owed = pages.map((page) => page.owed)
  await new Promise((resolve) => setTimeout(resolve, ms))
  for (const [at, page] of pages.entries()) for (const node of ports.keys()) raise(page, node, owed[at] as number)
}

async function client(court: Court, random: Random, goesOn: () => boolean): Promise<void> {
  let agent = new Agent({ keepAlive: true, maxSockets: 1 })
  while (goesOn()) {
    if (random.once(50)) {
      agent.destroy()
      agent = new Agent({ keepAlive: true, maxSockets: 1 })
    }
    if (random.once(60)) await invalidate(court, random, agent)
    else await read(court, random, agent)
  }
  agent.destroy()
}

/** The lower its number, the more often it is asked for. */
function pageOf({ pages }: Court, random: Random): Page {
  return pages[random.below(1 + random.below(pages.length))] as Page
}

async function invalidate(court: Court, random: Random, agent: Agent): Promise<void> {
  const page = pageOf(court, random)
  const node = random.below(court.ports.length)
  const purge = { node, method: 'PURGE', path: page.path, headers: {}, leaves: null }
  const [by, group, asked] = random.of<() => [string, readonly Page[], Asked]>([
    () => ['key', [page], purge],
    () => ['soft', [page], { ...purge, headers: { 'X-Purge-Soft': '1' } }],
    () => ['tag', court.pages.filter(({ tag }) => tag === page.tag), { ...purge, path: '/', headers: { xkey: page.tag } }],
    () => [
      'ban',
      court.pages.filter(({ path }) => path.startsWith(page.path)),
      { ...purge, method: 'BAN', path: '/', headers: { 'X-Ban': `req.url ~ ^${page.path}` } },
    ],
  ])()
  const versions = group.map((each) => {
    each.era++
    each.changing++
    return ++each.version
  })
  const answered = await ask(court, agent, asked)
  const done = answered.type === 'answer' && answered.status === 200
  count(court, `${by} ${done ? 'done' : 'failed'}`)
  if (!done) court.findings.push(`${by} of ${page.path}: ${answered.type === 'answer' ? answered.status : answered.type}`)
  // What is stale may be served while it is refreshed.
  const hard = done && by !== 'soft'
  for (const [at, each] of group.entries()) {
    if (!hard) continue
    raise(each, node, versions[at] as number)
    each.owed = Math.max(each.owed, versions[at] as number)
  }
  const everywhere = (): void => {
    for (const [at, each] of group.entries()) {
      each.era++
      each.changing--
      if (hard && court.lag !== null) for (const other of court.ports.keys()) raise(each, other, versions[at] as number)
    }
  }
  if (court.lag) setTimeout(everywhere, court.lag)
  else everywhere()
}

function raise({ floors }: Page, node: number, version: number): void {
  floors[node] = Math.max(floors[node] ?? 0, version)
}

async function read(court: Court, random: Random, agent: Agent): Promise<void> {
  const page = pageOf(court, random)
  const fields: Record<string, string> = { 'accept-language': random.of(LANGUAGES), 'x-device': random.of(DEVICES) }
  const variant = variantFor(page, fields)
  const node = random.below(court.ports.length)
  const id = `${node} ${page.path} ${variant}`
  const kind = random.below(10)
  const from = random.below(Math.max(1, page.size - 1))
  const range = kind === 1 && page.size > 10 ? ([from, from + random.below(Math.min(RANGE, page.size - from))] as const) : null
  // A part of what is coded says nothing by itself.
  if (range === null && random.once(2)) fields['accept-encoding'] = 'gzip'
  if (range !== null) fields['range'] = `bytes=${range.join('-')}`
  if (kind === 2 && page.etag) fields['if-none-match'] = etagFor(page, variant, page.version)
  const leaves = random.once(20) ? random.below(page.size + 1) : null
  const method = kind === 0 ? 'HEAD' : 'GET'
  const { era, changing } = page
  const floor = page.floors[node] ?? 0
  const whole = court.whole?.get(id)
  const stored = !page.brief && whole?.era === era && changing === 0 && performance.now() - whole.at > BY_THEN
  const answered = await ask(court, agent, { node, method, path: page.path, headers: fields, leaves })
  if (answered.type !== 'answer') {
    count(court, answered.type)
    if (answered.type === 'error' && leaves === null) court.findings.push(`${method} ${id} of ${page.size} bytes: ${answered.error}`)
    return
  }
  const { status, headers } = answered
  const hit = headers['x-cache'] === 'HIT'
  const shared = String(headers['cache-status']).endsWith('tier=redis')
  count(court, `${method} ${status} ${shared ? 'shared ' : ''}${hit ? 'hit' : 'miss'}`)
  const fault = faultOf({ page, method, variant, floor, range, answered }) ?? (stored && page.era === era && !hit ? 'it was stored' : null)
  if (fault !== null)
    court.findings.push(`${method} ${id} ${range?.join('-') ?? ''} of ${page.size} bytes: ${fault}, ${status} ${headers['cache-status']}`)
  if (method !== 'GET' || status !== 200 || page.era !== era || page.changing > 0 || changing > 0) return
  if (whole?.era !== era) court.whole?.set(id, { era, at: performance.now() })
}

function faultOf(what: {
  readonly page: Page
  readonly method: string
  readonly variant: string
  readonly floor: number
  readonly range: readonly [number, number] | null
  readonly answered: Extract<Answered, { type: 'answer' }>
}): string | null {
  const { page, method, variant, floor, range, answered } = what
  const { status, headers, body } = answered
  if (status === 304) return null
  if (status !== 200 && status !== 206) return 'no such answer is made'
  const version = Number(headers['x-version'])
  if (version < floor) return `version ${version}, but ${floor} was there when it was asked for`
  if (headers['x-variant'] !== variant) return `the variant ${headers['x-variant']}`
  if (method === 'HEAD') return body.length === 0 ? null : 'a body'
  const all = bodyFor(page, variant, version)
  const coded = headers['content-encoding'] !== undefined
  const right = status === 200 ? all : all.subarray(range?.[0], (range?.[1] ?? 0) + 1)
  return (coded ? gunzipSync(body) : body).equals(right) ? null : `another body, of ${body.length} bytes`
}

function ask({ ports }: Court, agent: Agent, { node, method, path, headers, leaves }: Asked): Promise<Answered> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ type: 'error', error: 'code' in error ? String(error.code) : error.message })
    const to = { agent, host: '127.0.0.1', port: ports[node], method, path, headers: { ...headers, host: HOST } }
    const asked = request(to, (response) => {
      const pieces: Buffer[] = []
      let received = 0
      response.on('data', (piece: Buffer) => {
        pieces.push(piece)
        received += piece.length
        if (leaves === null || received < leaves) return
        resolve({ type: 'left' })
        asked.destroy()
      })
      response.on('end', () =>
        resolve({ type: 'answer', status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
      )
      response.on('error', failed)
    })
    asked.on('error', failed)
    asked.end()
  })
}

function count({ kinds }: Court, kind: string): void {
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
}
