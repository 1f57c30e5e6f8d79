/** Filters of a policy over the bodies that pass: what is stored, and what one client gets. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Beresp, definePolicy, type Filter, type FilterSource, type Policy, type Resp, replaceText } from '../../vcl-ts/index.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Fields, message, open, reply, type Site } from './site.ts'

const PAGE = `<a href="http://shop.example/">${'a shop of a town '.repeat(400)}</a>`
const CHANGED = PAGE.replaceAll('shop', 'store')
const FIELDS: Fields = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/html', ETag: '"v1"', 'Accept-Ranges': 'bytes' }

const page: OriginScript = (_hit, response) => reply(response, 200, FIELDS, PAGE)
const storing = (...filters: FilterSource[]): Policy =>
  definePolicy({ backendResponse: ({ beresp }: { readonly beresp: Beresp }) => void beresp.filters.push(...filters) })
const delivering = (...filters: FilterSource[]): Policy =>
  definePolicy({ deliver: ({ resp }: { readonly resp: Resp }) => void resp.filters.push(...filters) })

const upper: Filter = { chunk: (bytes, push) => void push(Buffer.from(bytes).toString('latin1').toUpperCase()) }

async function stored(site: Site, path: string = '/', fields: Fields = {}): Promise<void> {
  const before = site.stat('n_object')
  await site.get(path, fields)
  await until(() => site.stat('n_object') > before)
}

/** Asks, and waits until the answer broke off. */
async function broken(site: Site): Promise<void> {
  const client = await site.connect()
  client.send(message('GET', '/'))
  await client.closed()
  await expect(client.response()).rejects.toThrow('before a whole answer')
  client.destroy()
}

const errors = (site: Site): string[] =>
  site.events
    .filter(({ message: text }) => /filter/.test(text))
    .map(({ fields, message: text }) => `${text}: ${(fields['err'] as Error)?.message ?? fields['detail']}`)

describe('beresp.filters', () => {
  it('shape what is stored, once, in their order', async () => {
    let chunks = 0
    const counting: Filter = {
      chunk(bytes, push) {
        chunks++
        return push(bytes)
      },
    }
    const site = await open(page, { policy: storing(replaceText('shop', 'store'), counting, replaceText('store', 'STORE')) })
    await stored(site)
    const after = chunks
    const hit = await site.get('/')
    expect([hit.body.toString(), hit.get('x-cache'), hit.get('etag'), hit.get('content-length')]).toEqual([
      ...[PAGE.replaceAll('shop', 'STORE'), 'HIT', 'W/"v1"', String(CHANGED.length)],
    ])
    expect([chunks, after > 0]).toEqual([after, true])
  })

  it('see decoded what the origin coded; what they made goes on plain, or coded anew', async () => {
    const script: OriginScript = (_hit, response) =>
      void response.writeHead(200, { ...FIELDS, 'Content-Encoding': 'gzip' }).end(gzipSync(PAGE))
    for (const compress of ['off', 'gzip'] as const) {
      const site = await open(script, { compress, policy: storing(replaceText('shop', 'store')) })
      await stored(site, '/', { 'Accept-Encoding': 'gzip' })
      const hit = await site.get('/', { 'Accept-Encoding': 'gzip' })
      expect([hit.get('x-cache'), hit.get('content-encoding'), hit.get('etag')]).toEqual([
        'HIT',
        compress === 'off' ? undefined : 'gzip',
        'W/"v1"',
      ])
      expect((compress === 'off' ? hit.body : gunzipSync(hit.body)).toString()).toBe(CHANGED)
    }
  })

  it('pass on while it arrives', async () => {
    const gate = new Gate()
    const site = await open(
      async (_hit, response) => {
        response.writeHead(200, FIELDS)
        response.write('a shop ')
        await gate.opened
        response.end('of a town')
      },
      { policy: storing(replaceText('shop', 'store')) },
    )
    const client = await site.connect()
    client.send(message('GET', '/'))
    await until(() => client.pending.includes('store'))
    gate.open()
    expect((await client.response()).body.toString()).toBe('a store of a town')
    client.destroy()
  })

  it('apply to what is passed, too', async () => {
    const policy = definePolicy({
      recv: ({ pass }) => pass(),
      backendResponse({ beresp }) {
        beresp.filters.push(replaceText('shop', 'store'))
      },
    })
    const site = await open(page, { policy })
    expect((await site.get('/')).body.toString()).toBe(CHANGED)
    expect((await site.ask('HEAD', '/')).status).toBe(200)
  })

  it('that fail midway are a failed fetch: nothing of it is stored, the log says why, the good object stays (HARDENING 219)', async () => {
    let fails = false
    const failing = (): Filter => {
      let seen = 0
      return {
        chunk(bytes, push) {
          seen += bytes.length
          if (fails && seen > 3000) throw new Error('cannot go on')
          return push(bytes)
        },
      }
    }
    const gate = new Gate()
    const script: OriginScript = async (hit, response) => {
      response.writeHead(200, { ...FIELDS, 'Cache-Control': 'max-age=60, stale-if-error=600', 'Content-Length': PAGE.length })
      response.write(PAGE.slice(0, 2000))
      if (hit.index > 0) await gate.opened
      response.end(PAGE.slice(2000))
    }
    const site = await open(script, { policy: storing(failing) })
    await stored(site)
    fails = true
    site.clock.advance(61_000)
    const client = await site.connect()
    client.send(message('GET', '/'))
    await until(() => client.pending.includes(PAGE.slice(0, 2000)))
    gate.open()
    await client.closed()
    await expect(client.response()).rejects.toThrow('before a whole answer')
    client.destroy()
    expect(errors(site)).toEqual(['a body filter failed: cannot go on'])
    const stale = await site.get('/')
    expect([stale.get('x-cache'), stale.body.toString()]).toEqual(['STALE', PAGE])
  })

  it('that fail before the head is sent, as nothing is streamed, lead to an error page', async () => {
    const policy = definePolicy({
      backendResponse({ beresp }) {
        beresp.stream = false
        beresp.filters.push({
          chunk: (bytes, push) => push(bytes),
          async end() {
            throw new Error('the last byte is wrong')
          },
        })
      },
    })
    const site = await open(page, { policy })
    expect([(await site.get('/')).status, site.stat('n_object')]).toEqual([502, 0])
    expect(errors(site)).toEqual(['a body filter failed: the last byte is wrong'])
  })

  it.each<[string, OriginScript, readonly unknown[], Fields, string]>([
    [
      'a part',
      (_hit, response) => reply(response, 206, { ...FIELDS, 'Content-Range': 'bytes 0-3/10' }, 'abcd'),
      [upper],
      { Range: 'bytes=0-3' },
      'a part cannot be filtered',
    ],
    [
      'content in an unknown coding',
      (_hit, response) => reply(response, 200, { ...FIELDS, 'Content-Encoding': 'deflate' }, 'x'),
      [upper],
      {},
      'cannot be decoded',
    ],
    ['what is no filter', page, ['upper'], {}, 'filter 0 is neither { chunk(bytes, push) { … } } nor a function that makes one'],
  ])('refuse %s', async (_title, script, filters, fields, why) => {
    const site = await open(script, { policy: storing(...(filters as FilterSource[])) })
    expect((await site.get('/', fields)).status).toBe(503)
    expect(errors(site).join()).toContain(why)
    expect(site.stat('n_object')).toBe(0)
  })

  it('are not asked again when the origin confirms what they made', async () => {
    const site = await open(
      (hit, response) => (hit.headers['if-none-match'] === undefined ? reply(response, 200, FIELDS, PAGE) : reply(response, 304, FIELDS)),
      { policy: storing(replaceText('shop', 'store')) },
    )
    await stored(site)
    site.clock.advance(61_000)
    const again = await site.get('/')
    expect([again.body.toString(), again.get('etag'), site.origin.hits.length]).toEqual([CHANGED, 'W/"v1"', 2])
    expect((await site.get('/', { 'If-None-Match': '"v1"' })).status).toBe(304)
  })
})

describe('resp.filters', () => {
  it('shape this client’s answer and leave alone what is stored', async () => {
    const policy = definePolicy({
      deliver({ req, resp }) {
        if (req.headers.has('x-shout')) resp.filters.push(upper)
      },
    })
    const site = await open(page, { policy })
    await stored(site)
    const loud = await site.get('/', { 'X-Shout': '1' })
    expect([loud.body.toString(), loud.get('x-cache'), loud.get('etag'), loud.get('content-length'), loud.get('accept-ranges')]).toEqual([
      ...[PAGE.toUpperCase(), 'HIT', 'W/"v1"', undefined, undefined],
    ])
    const quiet = await site.get('/')
    expect([quiet.body.toString(), quiet.get('etag'), quiet.get('content-length')]).toEqual([PAGE, '"v1"', String(PAGE.length)])
  })

  it('get decoded what is stored coded, for every client', async () => {
    const site = await open(page, { compress: 'br', policy: delivering(replaceText('shop', 'store')) })
    await stored(site, '/', { 'Accept-Encoding': 'br' })
    for (const fields of [{ 'Accept-Encoding': 'br' }, {}]) {
      const hit = await site.get('/', fields)
      expect([hit.body.toString(), hit.get('content-encoding'), hit.get('x-cache')]).toEqual([CHANGED, undefined, 'HIT'])
    }
  })

  it('get decoded what an origin coded for this client', async () => {
    const site = await open(
      (_hit, response) => void response.writeHead(200, { ...FIELDS, 'Content-Encoding': 'gzip' }).end(gzipSync(PAGE)),
      {
        policy: delivering(replaceText('shop', 'store')),
      },
    )
    const answer = await site.get('/', { 'Accept-Encoding': 'gzip' })
    expect([answer.body.toString(), answer.get('content-encoding')]).toEqual([CHANGED, undefined])
  })

  it('make conditions still hold, and ranges not (HARDENING 216)', async () => {
    const site = await open(page, { policy: delivering(upper) })
    await stored(site)
    expect((await site.get('/', { 'If-None-Match': 'W/"v1"' })).status).toBe(304)
    const range = await site.get('/', { Range: 'bytes=0-3' })
    expect([range.status, range.body.toString()]).toEqual([200, PAGE.toUpperCase()])
    const head = await site.ask('HEAD', '/')
    expect([head.get('etag'), head.get('content-length')]).toEqual(['W/"v1"', undefined])
  })

  it('that fail break the answer off where the client sees it; what is stored stays good (HARDENING 219)', async () => {
    const fails: Filter = {
      chunk(bytes, push) {
        void push(bytes)
      },
      end() {
        throw new Error('cannot end')
      },
    }
    let on = true
    const policy = definePolicy({ deliver: ({ resp }) => void (on && resp.filters.push(fails)) })
    const site = await open(page, { policy })
    await broken(site)
    await broken(site)
    expect(site.origin.hits.length).toBe(1)
    on = false
    expect((await site.get('/')).body.toString()).toBe(PAGE)
    expect(new Set(errors(site))).toEqual(new Set(['a body filter failed: cannot end']))
  })

  it('refuse a part, and say how to get the whole', async () => {
    const site = await open((_hit, response) => reply(response, 206, { ...FIELDS, 'Content-Range': 'bytes 0-3/10' }, 'abcd'), {
      policy: delivering(upper),
    })
    expect((await site.get('/', { Range: 'bytes=0-3' })).status).toBe(503)
    expect(errors(site).join() + JSON.stringify(site.events)).toContain('remove Range in recv')
  })

  it('wait for a slow client, and make no more than it takes', async () => {
    let made = 0
    const growing = (): Filter => ({
      async chunk(bytes, push) {
        for (let i = 0; i < 4000; i++) {
          await push(Buffer.alloc(16 * 1024, bytes[0]))
          made++
        }
      },
    })
    const site = await open((_hit, response) => reply(response, 200, FIELDS, 'x'), { policy: delivering(growing) })
    const download = await site.download('/')
    // What the sockets on the way take, and no more.
    let before = -1
    while (made !== before) {
      before = made
      for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(made).toBeLessThan(2000)
    // While it waits for its reader, no deadline of a hook runs.
    site.clock.advance(20_000)
    let length = 0
    for await (const chunk of download) length += (chunk as Buffer).length
    expect(length).toBe(4000 * 16 * 1024)
  })

  it('have as long as a hook', async () => {
    let called = false
    const hanging: Filter = {
      chunk() {
        called = true
        return new Promise(() => {})
      },
    }
    const site = await open(page, { policy: delivering(hanging) })
    const ending = broken(site)
    await until(() => called)
    site.clock.advance(5000)
    await ending
    expect(errors(site)).toEqual(['a body filter failed: the hook did not answer within 5 s'])
  })

  it('are closed once each, however the answer ends', async () => {
    const closes: string[] = []
    const closing = (name: string): Filter => ({ chunk: (bytes, push) => push(bytes), close: () => void closes.push(name) })
    const site = await open(page, {
      policy: delivering(
        () => closing('a'),
        () => closing('b'),
      ),
    })
    await site.get('/')
    await until(() => closes.length === 2)
    expect(closes.toSorted()).toEqual(['a', 'b'])
  })
})
