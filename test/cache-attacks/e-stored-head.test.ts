import { afterEach, describe, expect, test } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { type Rig, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

const FRESH = ['Cache-Control', 'max-age=3600'] as const
const BAD = ['a\r\nX-Injected: 1', 'a\nX-Injected: 1', 'a\rb', 'a\0b', '\u{100}', 'a\x7f']

describe('a head that a policy made unsendable', () => {
  test.each(BAD)('by %j in backendResponse fails the fetch, and nothing of it is stored', async (value) => {
    const policy = definePolicy({
      backendResponse: ({ bereq, beresp }) => {
        if (bereq.url === '/bad') beresp.headers.appendRaw('X-Policy', 'x-policy', value)
      },
    })
    rig = await start(() => ({ fields: [FRESH], body: 'x' }), { policy })
    for (let i = 0; i < 2; i++) {
      const answer = await rig.get('/bad')
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(answer.head).not.toContain('X-Injected')
      expect((await rig.get('/good')).status).toBe(200)
    }
    expect(rig.stat('n_object')).toBe(1)
  })

  test.each(BAD)('by %j in deliver is refused, and the stored object stays as it was', async (value) => {
    const policy = definePolicy({
      deliver: ({ req, resp }) => {
        if (req.headers.has('x-break')) resp.headers.appendRaw('X-Policy', 'x-policy', value)
      },
    })
    rig = await start(() => ({ fields: [FRESH, ['X-Kept', 'kept']], body: 'x' }), { policy })
    await rig.get('/')
    const answer = await rig.get('/', [['X-Break', '1']])
    expect(answer.status).toBe(500)
    expect(answer.head).not.toMatch(/X-Injected|X-Policy|X-Kept/)
    const hit = await rig.get('/')
    expect([hit.status, hit.get('x-cache'), hit.get('x-kept'), hit.get('x-policy')]).toEqual([200, 'HIT', 'kept', undefined])
  })

  test.each(BAD)('by %j in a synthetic answer is refused', async (value) => {
    const policy = definePolicy({
      recv: ({ synth }) => synth(200),
      synth: ({ resp }) => resp.headers.appendRaw('X-Policy', 'x-policy', value),
    })
    rig = await start(() => ({}), { policy })
    const answer = await rig.get('/')
    expect(answer.status).toBe(500)
    expect(answer.head).not.toContain('X-Injected')
  })

  test('by framing of its own loses it', async () => {
    const policy = definePolicy({
      deliver: ({ resp }) => {
        resp.headers.appendRaw('Transfer-Encoding', 'transfer-encoding', 'chunked')
        resp.headers.appendRaw('content-length', 'content-length', '99')
      },
    })
    rig = await start(() => ({ fields: [FRESH], body: 'x' }), { policy })
    for (let i = 0; i < 2; i++) {
      const answer = await rig.get('/')
      expect([answer.getAll('transfer-encoding'), answer.getAll('content-length'), answer.body.toString()]).toEqual([[], ['1'], 'x'])
    }
  })
})

describe('a deliver hook', () => {
  const policy = definePolicy({ deliver: ({ resp }) => resp.headers.set('X-Hook', '1') })

  test('does not bring back the fields that no-cache names', async () => {
    rig = await start(
      (seen) => ({
        fields: [
          ['Cache-Control', 'max-age=60, no-cache="X-Person"'],
          ['X-Person', `#${seen.number}`],
        ],
        body: 'x',
      }),
      { policy },
    )
    expect((await rig.get('/')).get('x-person')).toBe('#1')
    const hit = await rig.get('/')
    expect([hit.get('x-cache'), hit.get('x-hook'), hit.get('x-person')]).toEqual(['HIT', '1', undefined])
  })

  test('leaves one Content-Range on a stored part', async () => {
    rig = await start(() => ({ status: 206, fields: [FRESH, ['ETag', '"1"'], ['Content-Range', 'bytes 0-3/10']], body: 'abcd' }), {
      policy,
    })
    await rig.get('/', [['Range', 'bytes=0-3']])
    const hit = await rig.get('/', [['Range', 'bytes=1-2']])
    expect([hit.status, hit.get('x-cache'), hit.getAll('content-range'), hit.body.toString()]).toEqual([206, 'HIT', ['bytes 1-2/10'], 'bc'])
  })
})
