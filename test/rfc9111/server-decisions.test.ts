/** Rows of the decision table that no clause of RFC 9111 stands behind, through the whole server. */
import { ALL, BOTH, type Fields, forwarded, hit, type Row, rows, type Step } from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60' }
const raw = (bytes: string, ends: 'fin' | 'reset' = 'fin'): Step => ({ origin: { raw: bytes, ends } })
const refused = (status: number): Step => ({ status, body: null, gets: { 'X-Step': null } })
/** Refused before it is more than bytes: the connection goes too. */
const cut = (step: Step, status: number): Row['steps'] => [{ ...step, status, body: null, gets: { Connection: 'close' } }]

const CODINGS: [title: string, head: string][] = [
  ['unknown transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n'],
  ['gzip, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n'],
  ['chunked that is not last', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n'],
  ['Transfer-Encoding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n'],
]

const CODING: Row[] = CODINGS.flatMap(([title, head]): Row[] => [
  {
    clause: 'DECISIONS unknown transfer coding',
    title: `${title} is 502`,
    steps: [{ ...raw(`${head}\r\n3\r\nabc\r\n0\r\n\r\n`), ...refused(502) }],
  },
  {
    clause: 'DECISIONS unknown transfer coding',
    title: `${title} is 503`,
    presets: ['varnish'],
    steps: [{ ...raw(`${head}\r\n3\r\nabc\r\n0\r\n\r\n`), ...refused(503) }],
  },
])

const STATUS: Row[] = [
  {
    clause: 'DECISIONS status 600–999',
    title: '600 is 502',
    presets: ['safe'],
    steps: [forwarded(FRESH, { reply: { status: 600 }, status: 502, body: null })],
  },
  {
    clause: 'DECISIONS status 600–999',
    title: '600 is relayed and stored',
    presets: ['rfc9111'],
    steps: [forwarded(FRESH, { reply: { status: 600 } }), hit({ status: 600 })],
  },
  {
    clause: 'DECISIONS status 600–999',
    title: '600 is relayed and not stored',
    presets: ['varnish'],
    steps: [forwarded(FRESH, { reply: { status: 600 }, stored: null }), forwarded(FRESH)],
  },
  {
    clause: 'DECISIONS status 600–999',
    title: '999 is relayed and not stored',
    presets: ['safe', 'varnish'],
    steps: [forwarded(FRESH, { reply: { status: 999 }, stored: null }), forwarded(FRESH)],
  },
  {
    clause: 'DECISIONS status 600–999',
    title: '1000 and 099 are failures',
    steps: [
      { ...raw('HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n'), ...refused(502) },
      { ...raw('HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'), ...refused(502) },
    ],
  },
]

const BROKEN: Row[] = [
  ...(['fin', 'reset'] as const).map(
    (ends): Row => ({
      clause: 'DECISIONS staleIfError',
      title: `an answer that breaks off in its head by ${ends} is a failure, for which a stale object is served`,
      steps: [
        forwarded({ 'Cache-Control': 'max-age=5' }),
        { ...raw('HTTP/1.1 200 OK\r\nContent-Le', ends), after: 6, status: 200, body: 'body 1', gets: { 'X-Cache': 'STALE' } },
      ],
    }),
  ),
  {
    clause: 'DECISIONS bare LF, folded lines',
    title: 'a folded line in an answer is a failure',
    presets: BOTH,
    steps: [{ ...raw('HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n'), ...refused(502) }],
  },
  {
    clause: 'DECISIONS bare LF, folded lines',
    title: 'a bare LF in an answer is a failure',
    presets: BOTH,
    steps: [{ ...raw('HTTP/1.1 200 OK\nContent-Length: 0\n\n'), ...refused(502) }],
  },
  {
    clause: 'DECISIONS bare LF, folded lines',
    title: 'a folded line in a request is 400',
    presets: ALL,
    steps: cut({ asks: { 'X-A': '1\r\n 2' } }, 400),
  },
  {
    clause: 'DECISIONS bare LF, folded lines',
    title: 'a bare LF in a request is 400',
    presets: ALL,
    steps: cut({ asks: { 'X-A': '1\nX-B: 2' } }, 400),
  },
]

const TARGETS: Row[] = [
  ...["/!$&'()*+,;=:@~", '/%7e%7E', '//a//b', '/a/../b', '/[x]', '/{}|^`"<>', '?a=b?c&&d', '/.'].map(
    (path): Row => ({
      clause: 'DECISIONS characters in the target',
      title: `${path} is forwarded to the byte, and its own key`,
      presets: ALL,
      steps: [forwarded(FRESH, { path }), hit({ path }), forwarded(FRESH, { path: `${path}/` })],
    }),
  ),
  ...['\\a', '#a', ' a', '\x7f', '\xe4'].map(
    (path): Row => ({
      clause: 'DECISIONS characters in the target',
      title: `${JSON.stringify(path)} in the target is 400`,
      presets: ALL,
      steps: cut({ path }, 400),
    }),
  ),
]

const HOSTS: Row[] = [
  ...['WWW.EXAMPLE', 'www.example.', 'www.example:80', 'WWW.example.:80'].map(
    (host): Row => ({
      clause: 'DECISIONS primary key',
      title: `${host} is the same host`,
      presets: ALL,
      steps: [forwarded(FRESH), hit({ host })],
    }),
  ),
  ...['www.example:81', 'example', 'www.example.org'].map(
    (host): Row => ({
      clause: 'DECISIONS primary key',
      title: `${host} is another host`,
      presets: ALL,
      steps: [forwarded(FRESH), forwarded(FRESH, { host }), hit({ host, body: 'body 2' })],
    }),
  ),
]

const FRAMING: Row[] = [
  ...['POST', 'PUT', 'PATCH'].map(
    (method): Row => ({
      clause: 'DECISIONS request body framing',
      title: `${method} without framing is forwarded with Content-Length: 0`,
      presets: ALL,
      steps: [{ method, origin: {}, sees: { 'Content-Length': '0' } }],
    }),
  ),
  ...['DELETE', 'OPTIONS'].map(
    (method): Row => ({
      clause: 'DECISIONS request body framing',
      title: `${method} without framing is forwarded without`,
      presets: ALL,
      steps: [{ method, origin: {}, sees: { 'Content-Length': null, 'Transfer-Encoding': null } }],
    }),
  ),
  ...['POST', 'PUT'].map(
    (method): Row => ({
      clause: 'DECISIONS request body framing',
      title: `${method} in HTTP/1.0 without length is 411`,
      presets: ALL,
      steps: cut({ method, version: '1.0' }, 411),
    }),
  ),
  {
    clause: 'RFC 9110 §9.3.5',
    title: 'a DELETE with a body is forwarded with it',
    steps: [{ method: 'DELETE', sends: 'content', origin: {}, sees: { 'Content-Length': '7' } }],
  },
]

const INTERIMS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'

const INTERIM: Row[] = [
  {
    clause: 'DECISIONS 1xx from the origin',
    title: 'a client of HTTP/1.0 gets none',
    presets: ALL,
    steps: [forwarded(FRESH, { version: '1.0', reply: { interim: INTERIMS }, interim: [] })],
  },
  {
    clause: 'DECISIONS 1xx from the origin',
    title: '101 that was not asked for is a failure',
    presets: BOTH,
    steps: [{ ...raw('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'), ...refused(502) }],
  },
]

const VARNISH: Row[] = [
  {
    clause: 'DECISIONS staleIfError',
    title: 'is as long as grace',
    presets: ['varnish'],
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5, stale-while-revalidate=30, stale-if-error=600' }),
      { after: 36, origin: 'dead', status: 503, body: null },
    ],
  },
  {
    clause: 'DECISIONS plain GET',
    title: 'there are no parts to complete',
    presets: ['varnish'],
    steps: [
      forwarded(FRESH, { asks: { Range: 'bytes=0-1' }, sees: { Range: null }, reply: { body: 'body' }, status: 206, body: 'bo' }),
      hit({ body: 'body' }),
    ],
  },
  {
    clause: 'DECISIONS reason phrase',
    title: 'is relayed with obs-text',
    presets: ALL,
    steps: [
      forwarded(FRESH, { reply: { reason: 'Sch\xf6n! (really)' }, reason: 'Sch\xf6n! (really)' }),
      hit({ reason: 'Sch\xf6n! (really)' }),
    ],
  },
]

rows('transfer codings', CODING)
rows('odd statuses', STATUS)
rows('broken messages', BROKEN)
rows('targets', TARGETS)
rows('hosts', HOSTS)
rows('request framing', FRAMING)
rows('interim answers', INTERIM)
rows('other rows', VARNISH)
