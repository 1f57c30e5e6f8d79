/** Sites over several origin servers: who is asked, who is asked instead, and what clients notice when servers fail. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Backend,
  type BackendOptions,
  backend,
  type DirectorOptions,
  definePolicy,
  fallback,
  leastConnections,
  type Policy,
  roundRobin,
} from '../../vcl-ts/index.ts'
import { authority } from '../support/certificates.ts'
import { startNginx } from '../support/nginx.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type OriginHit, type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { message, open, reply, type Site, type SiteOptions } from './site.ts'

const fresh: OriginScript = (hit, response) => reply(response, 200, { 'Cache-Control': 'no-store' }, hit.url)
const failing: OriginScript = (_hit, response) => reply(response, 503, {}, 'busy')
const resetting: OriginScript = (hit) => hit.message.socket.resetAndDestroy()

async function origins<const S extends readonly OriginScript[]>(...scripts: S): Promise<{ [K in keyof S]: ScriptedOrigin }> {
  const started = await Promise.all(scripts.map((script) => ScriptedOrigin.start(script)))
  onTestFinished(async () => {
    await Promise.all(started.map((origin) => origin.close()))
  })
  return started as { [K in keyof S]: ScriptedOrigin }
}

const to = (origin: ScriptedOrigin, options: BackendOptions = {}): Backend => backend(origin.url, options)

/** A site whose requests take turns among servers. */
function turns(
  servers: readonly Backend[],
  options: DirectorOptions = {},
  policy: Partial<Policy> = {},
  site: SiteOptions = {},
): Promise<Site> {
  return open(() => {}, { policy: definePolicy({ backends: { pool: roundRobin(servers, options) }, ...policy }), ...site })
}

const ofPath = ({ hits }: ScriptedOrigin, path: string): OriginHit[] => hits.filter(({ url }) => url === path)

/** Connections, a few, so that most often every worker has some. */
async function visitors(site: Site, count: number = 4): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => site.connect()))
  onTestFinished(() => {
    for (const client of clients) client.destroy()
  })
  return clients
}

/** One page after another, over the connections in turn. */
async function statuses(site: Site, paths: readonly string[], given: readonly RawClient[] | null = null): Promise<number[]> {
  const clients = given ?? (await visitors(site, Math.min(4, paths.length)))
  const all: number[] = []
  for (const [index, path] of paths.entries()) {
    const client = clients[index % clients.length] as RawClient
    all.push((await client.request(message('GET', path))).status)
  }
  if (given === null) for (const client of clients) client.destroy()
  return all
}

/** Waits until the probes of the first servers of the pool have that history. */
async function histories(site: Site, ...wanted: readonly string[]): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://${site.server.admin}/api/backends`)
    const { backends } = (await answer.json()) as {
      readonly backends: readonly { readonly name: string; readonly probe: { readonly history: string } | null }[]
    }
    const pool = backends.filter(({ name }) => /^policy\.|\.\d$/.test(name)).map(({ probe }) => probe?.history.replace(/^-+(?=H)/, ''))
    if (wanted.every((history, index) => pool[index] === history.replace(/^-+(?=H)/, ''))) return
  }
}

const pages = (count: number): string[] => Array.from({ length: count }, (_, index) => `/${index}`)
const oks = (count: number): number[] => Array.from({ length: count }, () => 200)

describe('a request through a director', () => {
  it('tells hooks which server answered, and sends that server’s Host', async () => {
    const [a, b] = await origins(fresh, fresh)
    const told: string[] = []
    const site = await turns(
      [to(a, { hostHeader: 'a.example' }), to(b)],
      {},
      { backendResponse: ({ beresp }) => void told.push(beresp.backend) },
    )
    await statuses(site, pages(8))
    expect(new Set(told)).toEqual(new Set([a.url, b.url]))
    expect(new Set(a.hits.map(({ headers }) => headers.host))).toEqual(new Set(['a.example']))
    expect(new Set(b.hits.map(({ headers }) => headers.host))).toEqual(new Set(['www.example']))
  })

  it('has the Host of the client again when it goes to a server without one of its own', async () => {
    const [a, b] = await origins(resetting, fresh)
    const director = fallback([to(a, { hostHeader: 'a.example' }), to(b)])
    const site = await open(() => {}, { policy: definePolicy({ backends: { director } }) })
    expect((await site.get('/')).status).toBe(200)
    expect([a.hits[0]?.headers.host, b.hits[0]?.headers.host]).toEqual(['a.example', 'www.example'])
  })

  it('has the deadlines of the server, unless a hook set others', async () => {
    const [a] = await origins(() => {})
    for (const [policy, seconds] of [
      [{}, 7],
      [{ backendFetch: ({ bereq }) => void (bereq.firstByteTimeout = 3) } satisfies Partial<Policy>, 3],
    ] as const) {
      const site = await turns([to(a, { firstByteTimeout: 7 })], {}, policy)
      const seen = a.hits.length
      const answer = site.get('/')
      await a.hit(seen)
      site.clock.advance(seconds * 1000 - 1)
      site.clock.advance(2)
      expect((await answer).status).toBe(504)
    }
  })

  it('goes to whoever has least to do', async () => {
    const held: ServerResponse[] = []
    const [a, b] = await origins(
      (_hit, response) => void held.push(response),
      (_hit, response) => void held.push(response),
    )
    const site = await open(() => {}, { policy: definePolicy({ backends: { least: leastConnections([to(a), to(b)]) } }) })
    const client = await site.connect()
    onTestFinished(() => client.destroy())
    client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => held.length === 1)
    const answers = Array.from({ length: WORKERS === 1 ? 3 : 0 }, (_, index) => site.get(`/more/${index}`))
    await until(() => held.length === 1 + answers.length)
    if (WORKERS === 1) expect(Math.abs(a.hits.length - b.hits.length)).toBe(0)
    for (const response of held) response.end('x')
    await Promise.all(answers)
  })

  it('is 503 when the director is empty, or all are sick', async () => {
    const empty = await turns([])
    expect((await empty.get('/')).status).toBe(503)
    const [a] = await origins(fresh)
    const sick = await turns([to(a, { probe: { path: '/none', expected: 204 } })])
    const answer = await sick.get('/')
    expect([answer.status, answer.get('proxy-status')]).toEqual([503, expect.stringContaining('destination_unavailable')])
    expect(ofPath(a, '/')).toHaveLength(0)
    expect(sick.stat('backend_unhealthy')).toBe(1)
  })
})

describe('a member that fails', () => {
  it('is stood in for at once: nobody notices that one of two is dead (HARDENING 309)', async () => {
    for (const [script, options] of [
      [resetting, {}],
      [failing, {}],
      [failing, { ejection: false }],
    ] as const) {
      const [a, b] = await origins(script, fresh)
      const site = await turns([to(a), to(b)], options)
      expect(await statuses(site, pages(100))).toEqual(oks(100))
      // Each worker begins with the first member.
      expect(a.hits.length + b.hits.length).toBeLessThanOrEqual(1.5 * 100 + WORKERS - 1)
      expect(a.hits.length).toBeGreaterThan(0)
    }
  })

  it('is stood in for as well where half of what it answers fails', async () => {
    let turn = 0
    const [a, b] = await origins((hit, response) => (turn++ % 2 === 0 ? failing : fresh)(hit, response), fresh)
    const site = await turns([to(a), to(b)])
    expect(await statuses(site, pages(100))).toEqual(oks(100))
    expect(a.hits.length + b.hits.length).toBeLessThanOrEqual(1.5 * 100)
  })

  it('is stood in for where it refuses connections, whatever the method', async () => {
    const [a, b] = await origins(fresh, fresh)
    await a.close()
    const site = await open(() => {}, { policy: definePolicy({ backends: { director: fallback([to(a), to(b)]) } }) })
    expect((await site.ask('POST', '/form', {}, 'x=1')).status).toBe(200)
    expect(site.stat('backend_fail')).toBe(1)
  })

  it('gets no second try of what may not be sent twice', async () => {
    const [a, b] = await origins(resetting, fresh)
    const site = await open(() => {}, { policy: definePolicy({ backends: { director: fallback([to(a), to(b)]) } }) })
    expect((await site.ask('POST', '/form', {}, 'x=1')).status).toBe(502)
    expect(b.hits).toHaveLength(0)
    expect((await site.ask('PUT', '/form', {}, 'x=1')).status).toBe(200)
  })

  it('is not stood in for where the director says so', async () => {
    const [a, b] = await origins(failing, fresh)
    const site = await open(() => {}, { policy: definePolicy({ backends: { director: fallback([to(a), to(b)], { retry: false }) } }) })
    expect((await site.get('/')).status).toBe(503)
    expect(b.hits).toHaveLength(0)
  })

  it('is left out after five failures in a row, for 30 s (HARDENING 316)', async () => {
    const [a, b] = await origins(failing, fresh)
    const site = await turns([to(a), to(b)])
    // The same connections throughout, so that the same workers are asked.
    const clients = await visitors(site)
    expect(await statuses(site, pages(60), clients)).toEqual(oks(60))
    const asked = a.hits.length
    // Five for each worker that came across it.
    expect([5, 5 * WORKERS]).toContain(asked)
    site.clock.advance(29_999)
    await statuses(site, pages(20), clients)
    expect(a.hits.length).toBe(asked)
    site.clock.advance(1)
    a.script = fresh
    await statuses(site, pages(20), clients)
    expect(a.hits.length).toBeGreaterThan(asked)
    const told = site.events.filter(({ fields }) => fields['event'] === 'backend').map(({ fields }) => fields['seconds'])
    expect(told).toEqual([...Array.from({ length: asked / 5 }, () => 30), ...Array.from({ length: asked / 5 }, () => null)])
  })
})

describe('when all servers fail', () => {
  it('serves all that is covered, relays what is not, and adds a fifth of load at most (HARDENING 308)', async () => {
    const kept: OriginScript = (hit, response) =>
      reply(response, 200, { 'Cache-Control': 'max-age=10, stale-if-error=600' }, `good ${hit.url}`)
    const [a, b] = await origins(kept, kept)
    const site = await turns([to(a), to(b)], { ejection: false })
    await statuses(site, pages(20))
    a.script = failing
    b.script = failing
    site.clock.advance(11_000)
    const before = a.hits.length + b.hits.length
    let asked = 0
    for (let second = 0; second < 20; second += 10) {
      expect(await statuses(site, pages(20))).toEqual(oks(20))
      const cold = Array.from({ length: 100 }, (_, index) => `/cold/${second}/${index}`)
      expect(new Set(await statuses(site, cold))).toEqual(new Set([503]))
      asked += 120
      site.clock.advance(10_000)
    }
    const made = a.hits.length + b.hits.length - before
    // A worker that had next to nothing to do may make ten retries in its window.
    expect(made).toBeLessThanOrEqual(1.2 * asked + 2 * 10 * (WORKERS - 1))
    expect(made).toBeGreaterThan(asked - 2 * 20)
    const again = a.hits.length + b.hits.length
    expect((await site.get('/cold/0/0')).status).toBe(503)
    expect(a.hits.length + b.hits.length).toBeGreaterThan(again)
  })

  it('asks for a refresh once in each interval, and nobody else at once', async () => {
    const page: OriginScript = (_hit, response) =>
      reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=3600' }, 'good')
    const [a, b] = await origins(page, page)
    const site = await turns([to(a), to(b)])
    await site.get('/')
    a.script = failing
    b.script = failing
    site.clock.advance(11_000)
    for (let step = 1; step <= 3; step++) {
      expect((await site.get('/')).body.toString()).toBe('good')
      await until(() => a.hits.length + b.hits.length === 1 + step && site.stat('s_bgfetch') === step, 'the refresh')
      await until(() => site.stat('fetch_failed') === step, 'its end')
      expect(await statuses(site, ['/', '/', '/', '/'])).toEqual(oks(4))
      expect(a.hits.length + b.hits.length).toBe(1 + step)
      site.clock.advance(30_000)
    }
  })

  it('serves what is covered for the whole time, and leaves sick servers alone (HARDENING 317)', async () => {
    const dying: OriginScript = (hit, response) => {
      if (hit.url === '/health') response.writeHead(200).end()
      else reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=30, stale-if-error=90' }, 'good')
    }
    const [a, b] = await origins(dying, dying)
    const probe = { path: '/health', initial: 3, window: 3 }
    const site = await turns([to(a, { probe }), to(b, { probe })], {}, {}, { admin: '127.0.0.1:0' })
    await histories(site, 'HHH', 'HHH')
    expect(await statuses(site, pages(10))).toEqual(oks(10))
    a.script = resetting
    b.script = resetting
    const asked = (): number => [a, b].reduce((sum, { hits }) => sum + hits.filter(({ url }) => url !== '/health').length, 0)
    const sick = (): boolean => site.events.filter(({ fields }) => fields['health'] === 'sick').length === 2
    const filled = asked()
    let untilSick = 0
    // Now, and every five seconds to the end of stale-if-error.
    for (let second = 0; second < 90; second += 5) {
      expect(await statuses(site, pages(10))).toEqual(oks(10))
      if (sick() && untilSick === 0) untilSick = asked()
      site.clock.advance(5000)
      const history = `HHH${'-'.repeat(second / 5 + 1)}`.slice(-3)
      await histories(site, history, history)
    }
    expect(untilSick).toBeGreaterThanOrEqual(filled)
    // Before probes told it, a refresh for each key and interval; nothing after that.
    expect(untilSick - filled).toBeLessThanOrEqual(10 * 2)
    expect(asked()).toBe(untilSick)
    expect(ofPath(a, '/health').length).toBeLessThanOrEqual(90 / 5 + 1)
    site.clock.advance(20_000)
    expect((await site.get('/0')).status).toBe(503)
  })

  it('answers at once from what is stored where nobody listens, and counts it (HARDENING 303)', async () => {
    const [a, b] = await origins(
      (_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=10' }, 'good'),
      (_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=10' }, 'good'),
    )
    const site = await turns([to(a), to(b)])
    await site.get('/')
    await a.close()
    await b.close()
    site.clock.advance(11_000)
    expect(await statuses(site, ['/', '/', '/'])).toEqual(oks(3))
    expect((await site.get('/cold')).status).toBe(502)
    expect(site.stat('backend_fail')).toBeGreaterThan(0)
    expect(site.stat('VBE.policy.pool.1.fail_econnrefused') + site.stat('VBE.policy.pool.2.fail_econnrefused')).toBe(
      site.stat('backend_fail'),
    )
  })
})

describe('probes', () => {
  it('take a server out and bring it back little by little (HARDENING 315)', async () => {
    let well = true
    const probed: OriginScript = (hit, response) => {
      if (hit.url !== '/health') fresh(hit, response)
      else response.writeHead(well ? 200 : 500).end()
    }
    const [a, b] = await origins(probed, fresh)
    const site = await turns([to(a, { probe: { path: '/health', initial: 3 } }), to(b)], { rampup: 10 }, {}, { admin: '127.0.0.1:0' })
    const probe = async (good: boolean, history: string): Promise<void> => {
      well = good
      site.clock.advance(5000)
      await histories(site, history)
    }
    const share = async (): Promise<number> => {
      const before = a.hits.length
      await statuses(site, pages(100))
      return (a.hits.length - before) / 100
    }
    await histories(site, '----HHHH')
    expect(await share()).toBeCloseTo(0.5, 1)
    for (const history of ['---HHHH-', '--HHHH--', '-HHHH---', 'HHHH----', 'HHH-----']) await probe(false, history)
    expect(await share()).toBeCloseTo(0.5, 1)
    await probe(false, 'HH------')
    expect(await share()).toBe(0)
    for (const history of ['H------H', '------HH']) await probe(true, history)
    expect(await share()).toBe(0)
    await probe(true, '-----HHH')
    expect(await share()).toBeLessThan(0.2)
    for (const history of ['----HHHH', '---HHHHH']) await probe(true, history)
    expect(await share()).toBeCloseTo(0.5, 1)
  })

  it('begin with the policy, and end with the server', async () => {
    const [a] = await origins(fresh)
    const site = await turns([to(a, { probe: {} })])
    await until(() => a.hits.length === 1, 'the first probe')
    await site.server.close()
    site.clock.advance(60_000)
    expect(a.hits).toHaveLength(1)
  })

  it('make a plain backend fail at once while it is sick', async () => {
    const [a] = await origins((hit, response) => (hit.url === '/health' ? failing : fresh)(hit, response))
    const app = to(a, { probe: { path: '/health', initial: 3, window: 3 } })
    const site = await open(() => {}, { policy: definePolicy({ backends: { app } }) })
    await until(() => site.events.some(({ fields }) => fields['health'] === 'sick'), 'that it is sick')
    expect((await site.get('/')).status).toBe(503)
    expect(ofPath(a, '/')).toHaveLength(0)
    expect(site.server.stat()).toMatchObject({ 'VBE.policy.app.happy': 0, 'VBE.policy.app.unhealthy': 1 })
  })
})

describe('two real servers', () => {
  it('stand in for each other when one is stopped, and nobody notices', async () => {
    const server = 'location = /health { return 204; }'
    const [one, other] = await Promise.all([startNginx({ server }), startNginx({ server })])
    onTestFinished(async () => {
      await one.stop()
      await other.stop()
    })
    const probe = { path: '/health', expected: 204, window: 3, initial: 3 }
    const members = [one, other].map(({ url }) => backend(url, { probe }))
    const site = await turns(members, {}, {}, { admin: '127.0.0.1:0' })
    await histories(site, 'HHH', 'HHH')
    const visits = async (round: string): Promise<void> => {
      for (let i = 0; i < 20; i++) expect((await site.get(`/style.css?${round}-${i}`)).status).toBe(200)
    }
    await visits('both')
    expect([one, other].map((each) => each.requests().filter((line) => line.includes('style')).length > 0)).toEqual([true, true])
    await one.stop()
    await visits('one')
    site.clock.advance(5000)
    await histories(site, 'HH-', 'HHH')
    await visits('alone')
    expect(site.stat('VBE.policy.pool.1.happy')).toBe(0)
  })
})

describe('servers over TLS and Unix sockets', () => {
  it('are probed as they are asked, and stood in for where their certificate is not believed', async () => {
    const ca = authority('Clearcoat test CA')
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-'))
    const path = join(folder, 'app.sock')
    const local = createServer((_request, response) => response.end('local')).listen(path)
    const pair = { names: ['127.0.0.1'] }
    const [untrusted, trusted] = await Promise.all([
      startNginx({ tls: authority('Another CA').issue(pair) }),
      startNginx({ tls: ca.issue(pair) }),
    ])
    onTestFinished(async () => {
      local.close()
      await untrusted.stop()
      await trusted.stop()
      rmSync(folder, { recursive: true })
    })
    const tls = { ca: ca.cert }
    const probe = { initial: 3, window: 3 }
    const site = await turns(
      [backend(untrusted.url, { tls, probe }), backend(trusted.url, { tls, probe }), backend(`unix:${path}`, { probe })],
      {},
      {},
      { admin: '127.0.0.1:0' },
    )
    expect(await statuses(site, ['/', '/index.html?1', '/index.html?2', '/index.html?3'])).toEqual(oks(4))
    await histories(site, 'HH-', 'HHH', 'HHH')
    const { backends } = (await (await fetch(`http://${site.server.admin}/api/backends`)).json()) as {
      backends: { name: string; probe: { last: string } | null }[]
    }
    expect(backends.flatMap(({ name, probe: found }) => (name.startsWith('policy.') ? [found?.last.split(':')[0]] : []))).toEqual([
      'tls_untrusted',
      '200',
      '200',
    ])
    expect(await statuses(site, ['/index.html?4', '/index.html?5', '/index.html?6'])).toEqual(oks(3))
    expect(untrusted.requests()).toEqual([])
    expect(trusted.requests().length).toBeGreaterThan(1)
  })
})

describe('several origins without a policy', () => {
  it('take turns, are healthy from the start, and sick once `/` is answered 5xx three times too often', async () => {
    let well = true
    const [a, b] = await origins(
      (hit, response) => (hit.url === '/' ? reply(response, well ? 404 : 500, {}) : fresh(hit, response)),
      (hit, response) => (hit.url === '/' ? reply(response, 302, {}) : fresh(hit, response)),
    )
    const site = await open(() => {}, { origin: [a.url, b.url], admin: '127.0.0.1:0' })
    expect(await statuses(site, pages(20))).toEqual(oks(20))
    expect(a.hits.length).toBeGreaterThan(4)
    expect(b.hits.length).toBeGreaterThan(4)
    await histories(site, '----HHHH', '----HHHH')
    well = false
    for (const history of ['---HHHH-', '--HHHH--', '-HHHH---', 'HHHH----', 'HHH-----', 'HH------']) {
      site.clock.advance(5000)
      await histories(site, history)
    }
    const asked = a.hits.length
    expect(await statuses(site, pages(20))).toEqual(oks(20))
    expect(a.hits.length).toBe(asked)
    expect(site.server.stat()).toMatchObject({ 'VBE.boot.default.1.happy': 0, 'VBE.boot.default.2.happy': 1 })
  })
})

describe('saint mode', () => {
  it('sends a page that one server fails at to another one, and all others as before (HARDENING 310)', async () => {
    const [a, b] = await origins((hit, response) => (hit.url === '/bad' ? reply(response, 500, {}) : fresh(hit, response)), fresh)
    const director = fallback([to(a), to(b)], { retry: false, ejection: false })
    const site = await open(() => {}, {
      policy: definePolicy({
        backends: { director },
        backendResponse({ beresp, retry }) {
          if (beresp.status !== 500) return undefined
          beresp.deny('10m')
          return retry()
        },
      }),
    })
    for (let round = 0; round < 20; round++) expect(await statuses(site, ['/bad', '/good', '/fine'])).toEqual(oks(3))
    const learned = ofPath(a, '/bad').length
    expect(learned).toBeGreaterThanOrEqual(1)
    expect(learned).toBeLessThanOrEqual(WORKERS)
    expect([ofPath(a, '/good').length, ofPath(b, '/bad').length, b.hits.length]).toEqual([20, 20, 20])
    site.clock.advance(600_000)
    expect(await statuses(site, ['/bad'])).toEqual([200])
    expect(ofPath(a, '/bad').length).toBe(learned + 1)
  })
})

describe('Retry-After', () => {
  const refreshed = async (status: number, field: string): Promise<[Site, () => number]> => {
    const site = await open((hit, response) =>
      hit.index === 0
        ? reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=3600' }, 'good')
        : reply(response, status, { 'Retry-After': field }, 'later'),
    )
    await site.get('/')
    site.clock.advance(11_000)
    return [site, () => site.origin.hits.length]
  }
  const again = async (site: Site): Promise<void> => {
    const before = site.stat('fetch_failed')
    const answer = await site.get('/')
    expect([answer.status, answer.body.toString()]).toEqual([200, 'good'])
    await site.get('/')
    void before
  }

  it.each([
    [503, '60'],
    [429, '60'],
    [503, 'Thu, 01 Jan 2026 00:01:11 GMT'],
  ])('of a %d is honoured: %s', async (status, field) => {
    const [site, hits] = await refreshed(status, field)
    await again(site)
    await site.origin.hit(1)
    await until(() => site.origin.sockets.size <= WORKERS)
    for (let step = 0; step < 5; step++) {
      site.clock.advance(11_000)
      await again(site)
    }
    expect(hits()).toBe(2)
    site.clock.advance(5001)
    await again(site)
    await site.origin.hit(2)
  })

  it('is honoured for five minutes at most', async () => {
    const [site] = await refreshed(503, '100000')
    await again(site)
    await site.origin.hit(1)
    await again(site)
    site.clock.advance(299_000)
    await again(site)
    expect(site.origin.hits).toHaveLength(2)
    site.clock.advance(1001)
    await again(site)
    await site.origin.hit(2)
  })

  it('sends refreshes to another member meanwhile', async () => {
    const page: OriginScript = (_hit, response) =>
      reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=3600' }, 'good')
    const [a, b] = await origins(page, page)
    const site = await open(() => {}, { policy: definePolicy({ backends: { director: fallback([to(a), to(b)]) } }) })
    await site.get('/')
    a.script = (_hit, response) => reply(response, 503, { 'Retry-After': '100' }, 'later')
    site.clock.advance(11_000)
    await site.get('/')
    await a.hit(1)
    await until(() => site.stat('s_bgfetch') === 1)
    for (let step = 0; b.hits.length === 0 && step < 40; step++) {
      await until(() => site.stat('s_bgfetch') === site.stat('fetch_failed'), 'the end of the refresh')
      site.clock.advance(1001)
      await site.get('/')
      await until(() => site.stat('s_bgfetch') === site.stat('fetch_failed') + b.hits.length, 'the refresh, if there was one')
    }
    expect(b.hits.length).toBe(1)
    expect(a.hits.length).toBeLessThanOrEqual(1 + WORKERS)
  })
})

describe('maxRequests', () => {
  it('lets no more in: one more is 503, and a director goes elsewhere', async () => {
    const held: ServerResponse[] = []
    const [a, b] = await origins((_hit, response) => void held.push(response), fresh)
    const app = to(a, { maxRequests: 1 })
    const both = fallback([app, to(b)])
    const site = await open(() => {}, {
      policy: definePolicy({ backends: { app }, recv: ({ req }) => void (req.backend = req.url === '/both' ? both : null) }),
    })
    if (WORKERS > 1) return
    const first = site.get('/1')
    await until(() => held.length === 1)
    const second = await site.get('/2')
    expect([second.status, second.get('retry-after')]).toEqual([503, '1'])
    expect(site.stat('VBE.policy.app.busy')).toBe(1)
    expect((await site.get('/both')).status).toBe(200)
    held[0]?.end('x')
    expect((await first).status).toBe(200)
  })
})
