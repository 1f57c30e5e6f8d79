import { describe, expect, it } from 'vitest'
import { translate, vclTest, withBackend } from './translated.ts'
import { VARIABLE_USES, variableVcl } from './variable-cases.ts'

/** Legal, and without a counterpart: each is refused with its reason. */
const REFUSED: readonly string[] = [
  ...['sess.idle_send_timeout', 'sess.send_timeout', 'sess.timeout_idle', 'sess.timeout_linger'].flatMap((name) => [
    `read ${name}`,
    `write ${name}`,
    `unset ${name}`,
  ]),
  'read req.filters',
  'write req.filters',
  'read req.hash',
  'write req.proto',
  'read bereq.hash',
  'read bereq.filters',
  'write bereq.filters',
  'write bereq.proto',
  'read bereq.task_deadline',
  'write bereq.task_deadline',
  'unset bereq.task_deadline',
  'unset bereq.connect_timeout',
  'unset bereq.first_byte_timeout',
  'unset bereq.between_bytes_timeout',
  'read beresp.backend.ip',
  'read beresp.filters',
  'write beresp.filters',
  'write beresp.proto',
  'read resp.filters',
  'write resp.filters',
  'write resp.proto',
  'read storage.*.free_space',
  'read storage.*.used_space',
]

describe('variables', () => {
  it('are all read, set and unset, or refused with a reason', () => {
    const refused = new Set<string>()
    for (const use of VARIABLE_USES) {
      const { problems, code } = translate(variableVcl([use], use.variable.version ?? '4.1'))
      const name = `${use.how} ${use.variable.name}`
      if (problems.length > 0) {
        refused.add(name)
        expect(problems[0]?.hint, name).not.toBeNull()
        expect(code, name).toContain('NOT TRANSLATED')
      }
    }
    expect([...refused].sort()).toEqual([...new Set(REFUSED)].sort())
  })

  it('show a client request and its connection', async () => {
    const cache = await vclTest(
      withBackend(`sub vcl_deliver {
  set resp.http.client = client.ip + " " + client.identity + " " + remote.ip;
  set resp.http.server = server.ip + " " + local.ip + " " + local.endpoint + " " + local.socket;
  set resp.http.line = req.method + " " + req.url + " " + req.proto;
  set resp.http.hint = req.backend_hint;
  set resp.http.counts = req.restarts + " " + req.esi_level;
  set resp.http.flags = req.hash_always_miss + " " + req.hash_ignore_busy + " " + req.hash_ignore_vary + " " + req.can_gzip;
  set resp.http.grace = req.grace + " " + req.max_age;
  set resp.http.xid = req.xid;
  set resp.http.top = req_top.method + " " + req_top.url + " " + req_top.http.host;
  set resp.http.param = param.default_ttl + " " + param.max_restarts;
  set resp.http.resp = resp.status + " " + resp.reason + " " + resp.proto;
  set resp.http.obj = obj.hits + " " + obj.ttl + " " + obj.grace + " " + obj.keep + " " + obj.uncacheable;
  set resp.http.transport = req.transport;
}`),
      { origin: { headers: { 'Cache-Control': 'max-age=60' } } },
    )
    const request = { url: '/a?b', headers: { 'Accept-Encoding': 'gzip' } }
    const first = await cache.request(request)
    await cache.advance(10)
    const { headers } = await cache.request(request)
    const show = (name: string): string | undefined => headers.get(name)
    expect(show('client')).toBe('192.0.2.1 192.0.2.1 192.0.2.1')
    expect(show('server')).toBe('192.0.2.2 192.0.2.2 192.0.2.2:80 a0')
    expect(show('line')).toBe('GET /a?b HTTP/1.1')
    expect(show('hint')).toBe('default')
    expect(show('counts')).toBe('0 0')
    expect(show('flags')).toBe('false false false true')
    expect(show('grace')).toBe('-1.000 -1.000')
    expect(show('top')).toBe('GET /a?b www.example.com')
    expect(show('param')).toBe('120.000 4')
    expect(show('resp')).toBe('200 OK HTTP/1.1')
    expect(show('obj')).toBe('1 50.000 10.000 0.000 false')
    expect(show('transport')).toBe('HTTP/1')
    expect(show('xid')).not.toBe(first.headers.get('xid'))
  })

  it('show a fetch, and set what it is made of', async () => {
    const cache = await vclTest(
      withBackend(`backend second { .host = "127.0.0.2"; }
sub vcl_backend_fetch {
  set bereq.http.X-Line = bereq.method + " " + bereq.url + " " + bereq.retries + " " + bereq.is_bgfetch + " " + bereq.uncacheable;
  set bereq.backend = second;
  set bereq.first_byte_timeout = 5s;
  set bereq.http.X-Timeouts = bereq.connect_timeout + " " + bereq.first_byte_timeout + " " + bereq.between_bytes_timeout;
}
sub vcl_backend_response {
  set beresp.http.X-Beresp = beresp.status + " " + beresp.reason + " " + beresp.ttl + " " + beresp.age + " " + beresp.was_304;
  set beresp.http.X-Backend = beresp.backend.name + " " + beresp.backend;
  set beresp.ttl += 1m;
  set beresp.keep = 5m;
  set beresp.do_stream = false;
  set beresp.http.X-After = beresp.ttl + " " + beresp.keep + " " + beresp.do_stream + " " + beresp.do_esi + " " + beresp.do_gzip;
}`),
      {
        origin: ({ headers }) => ({
          headers: {
            'Cache-Control': 'max-age=60',
            Age: '5',
            'X-Saw': headers.get('x-line') ?? '',
            'X-Saw2': headers.get('x-timeouts') ?? '',
          },
        }),
      },
    )
    const { headers } = await cache.request('/a')
    expect(headers.get('x-saw')).toBe('GET /a 0 false false')
    expect(headers.get('x-saw2')).toBe('3.500 5.000 60.000')
    expect(headers.get('x-beresp')).toBe('200 OK 55.000 5.000 false')
    expect(headers.get('x-backend')).toBe('second second')
    expect(headers.get('x-after')).toBe('115.000 300.000 false false false')
  })

  it('tell hit-for-miss and hit-for-pass', async () => {
    const cache = await vclTest(
      withBackend(`sub vcl_backend_response {
  if (bereq.url == "/hfp") { return (pass(1m)); }
  set beresp.uncacheable = true; set beresp.ttl = 1m;
}
sub vcl_deliver { set resp.http.X = req.is_hitmiss + " " + req.is_hitpass + " " + obj.uncacheable; }`),
    )
    const shown = async (url: string): Promise<string | undefined> => (await cache.request(url)).headers.get('x')
    expect(await shown('/hfm')).toBe('false false true')
    expect(await shown('/hfm')).toBe('true false true')
    expect(await shown('/hfp')).toBe('false false true')
    expect(await shown('/hfp')).toBe('false true true')
  })

  it('narrow what is fresh, force a fetch, and forget it again', async () => {
    let count = 0
    const cache = await vclTest(
      withBackend(`sub vcl_recv {
  if (req.http.X-Age) { set req.max_age = std.duration(req.http.X-Age, 0s); }
  if (req.http.X-Unset) { unset req.max_age; }
  if (req.http.X-Miss) { set req.hash_always_miss = true; }
}`).replace('vcl 4.1;', 'vcl 4.1; import std;'),
      { origin: () => ({ headers: { 'Cache-Control': 'max-age=60' }, body: String(++count) }) },
    )
    const body = async (headers: Record<string, string> = {}): Promise<string> => (await cache.request({ url: '/', headers })).body
    expect(await body()).toBe('1')
    await cache.advance(10)
    expect(await body({ 'X-Age': '5s', 'X-Unset': '1' })).toBe('1')
    expect(await body({ 'X-Age': '5s' })).toBe('2')
    expect(await body({ 'X-Miss': '1' })).toBe('3')
  })

  it('send a request without its body', async () => {
    const cache = await vclTest(withBackend('sub vcl_backend_fetch { if (bereq.http.X-Drop) { unset bereq.body; } }'))
    const post = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await cache.request({ method: 'POST', url: '/', headers, body: 'data' })).trace.origin[0]?.body
    expect(await post({})).toBe('data')
    expect(await post({ 'X-Drop': '1' })).toBe('')
  })

  it('store compressed, and decoded', async () => {
    const cache = await vclTest(
      withBackend(`sub vcl_backend_response {
  set beresp.ttl = 1m;
  if (bereq.url == "/zip") { set beresp.do_gzip = true; }
}`),
      { origin: { headers: { 'Content-Type': 'application/octet-stream' }, body: 'x'.repeat(1000) } },
    )
    const zipped = await cache.request({ url: '/zip', headers: { 'Accept-Encoding': 'gzip' } })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect((await cache.request('/zip')).body).toBe('x'.repeat(1000))
    expect((await cache.request({ url: '/plain', headers: { 'Accept-Encoding': 'gzip' } })).headers.has('content-encoding')).toBe(false)
  })

  it('show the request of the page to its fragments', async () => {
    const cache = await vclTest(
      withBackend(`sub vcl_recv { set req.http.X-Top = req_top.url + " " + req.esi_level; }
sub vcl_backend_response { set beresp.do_esi = true; set beresp.ttl = 0s; set beresp.uncacheable = true; return (deliver); }`),
      {
        origin: ({ url, headers }) =>
          url === '/page' ? { body: '<esi:include src="/part"/>' } : { body: `${url} of ${headers.get('x-top') ?? ''}` },
      },
    )
    expect((await cache.request('/page')).body).toBe('/part of /page 1')
  })
})
