import { describe, expect, it } from 'vitest'
import { translate, vclTest, withBackend } from './translated.ts'

const ORIGIN = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }

describe('a step of the built-in VCL that is called', () => {
  it('decides where it stands, or lets go on', async () => {
    const cache = await vclTest(
      withBackend(`sub vcl_recv {
  if (req.url ~ "^/early") { call vcl_req_cookie; call vcl_req_authorization; call vcl_req_url; }
  set req.http.X-Behind = "1";
  return (hash);
}`),
      { origin: ORIGIN },
    )
    const got = async (url: string, headers: Record<string, string>): Promise<readonly unknown[]> => {
      const { trace } = await cache.request({ url, headers })
      return [trace.decision, trace.origin[0]?.headers.has('x-behind')]
    }
    expect(await got('/early', { Cookie: 'a=1' })).toEqual(['pass', false])
    expect(await got('/early', { Authorization: 'Basic YTpi' })).toEqual(['pass', false])
    expect(await got('/early', {})).toEqual(['miss', true])
    expect(await got('/late', { Cookie: 'a=1' })).toEqual(['miss', true])
  })

  it('decides for the sub that calls it', async () => {
    const cache = await vclTest(
      withBackend('sub check { call vcl_req_method; } sub vcl_recv { call check; unset req.http.Cookie; return (hash); }'),
      { origin: ORIGIN },
    )
    expect((await cache.request({ method: 'POST', url: '/' })).trace.decision).toBe('pass')
    expect((await cache.request({ url: '/', headers: { Cookie: 'a=1' } })).trace.decision).toBe('miss')
  })

  it('makes a hit-for-miss', async () => {
    const cache = await vclTest(
      withBackend(
        'sub vcl_backend_response { if (beresp.http.X-Private) { call vcl_beresp_hitmiss; } call vcl_beresp_range; set beresp.http.X-Behind = "1"; }',
      ),
      { origin: ({ url }) => ({ ...ORIGIN, headers: { ...ORIGIN.headers, ...(url === '/p' ? { 'X-Private': '1' } : {}) } }) },
    )
    const first = await cache.request('/p')
    expect([first.headers.has('x-behind'), first.trace.decision]).toEqual([false, 'miss'])
    expect((await cache.request('/p')).trace.origin.length).toBe(1)
    expect((await cache.request('/')).headers.has('x-behind')).toBe(true)
    expect((await cache.request('/')).trace.decision).toBe('hit')
  })

  it.each([
    ['that judges an answer', 'sub vcl_backend_response { call vcl_beresp_cookie; }'],
    ['with a body of its own', 'sub vcl_recv { call vcl_req_cookie; } sub vcl_req_cookie { unset req.http.Cookie; }'],
    ['of another hook', 'sub vcl_deliver { call vcl_req_cookie; }'],
  ])('is refused: one %s', (_, text) => {
    const { problems } = translate(withBackend(text))
    expect(problems.map(({ kind }) => kind)).toEqual(['untranslatable'])
  })
})
