/** RFC 9111 §4.2.4 and RFC 5861 through the whole server: when a stale answer is served. */
import { ALL, BOTH, type Fields, forwarded, hit, type Row, rows } from './rig.ts'

const DAY = 86_400
const cc = (value: string, more: Fields = {}): Fields => ({ 'Cache-Control': value, ...more })
const STALE = { gets: { 'X-Cache': 'STALE' } } as const

const WHILE_REVALIDATE: Row[] = [
  {
    clause: 'RFC 5861 §3',
    title: 'within the window the stale object is served at once, and one request refreshes it behind',
    presets: ALL,
    steps: [
      forwarded(cc('max-age=5, stale-while-revalidate=30')),
      { after: 6, background: { fields: cc('max-age=60') }, gets: { 'X-Cache': 'STALE', Age: '6' } },
      hit({ body: 'body 2', gets: { Age: '0' } }),
    ],
  },
  {
    clause: 'RFC 5861 §3',
    title: 'to the last second of the window',
    steps: [forwarded(cc('max-age=5, stale-while-revalidate=30')), { after: 34, background: { fields: cc('max-age=60') }, ...STALE }],
  },
  {
    clause: 'RFC 5861 §3',
    title: 'after the window the client waits for the validation',
    steps: [
      forwarded(cc('max-age=5, stale-while-revalidate=30', { ETag: '"a"' })),
      forwarded(cc('max-age=60'), { after: 35, reply: { status: 304 }, sees: { 'If-None-Match': '"a"' } }),
      hit(),
    ],
  },
  {
    clause: 'RFC 5861 §3',
    title: 'the request behind is conditional, and its 304 freshens the object',
    steps: [
      forwarded(cc('max-age=5, stale-while-revalidate=30', { ETag: '"a"' })),
      { after: 6, background: { status: 304, fields: cc('max-age=60') }, seesBehind: { 'If-None-Match': '"a"' }, ...STALE },
      hit(),
    ],
  },
  {
    clause: 'DECISIONS 304 merge',
    title: 'the request behind carries the fields of the client but no Cookie and no Authorization',
    steps: [
      forwarded(cc('public, max-age=5, stale-while-revalidate=30')),
      {
        after: 6,
        asks: { 'X-Mine': '1', Cookie: 'a=1', Authorization: 'Basic eA==' },
        background: { fields: cc('max-age=60') },
        seesBehind: { 'X-Mine': '1', Cookie: null, Authorization: null },
        ...STALE,
      },
    ],
  },
  ...(['must-revalidate', 'proxy-revalidate', 'no-cache'] as const).map(
    (directive): Row => ({
      clause: '§4.2.4',
      title: `${directive} forbids it`,
      steps: [forwarded(cc(`max-age=5, stale-while-revalidate=30, ${directive}`, { ETag: '"a"' })), forwarded({}, { after: 6 })],
    }),
  ),
  {
    clause: 'DECISIONS grace',
    title: 'without the directive nothing stale is served',
    steps: [forwarded(cc('max-age=5')), forwarded({}, { after: 6 })],
  },
  {
    clause: 'DECISIONS grace',
    title: 'without the directive there are 10 s',
    presets: ['varnish'],
    steps: [forwarded(cc('max-age=5')), { after: 14, background: { fields: cc('max-age=5') }, ...STALE }, forwarded({}, { after: 15 })],
  },
]

const ERRORS = [500, 502, 503, 504]

const IF_ERROR: Row[] = [
  ...ERRORS.map(
    (status): Row => ({
      clause: 'RFC 5861 §4',
      title: `stale-if-error is served for a ${status}`,
      steps: [
        forwarded(cc('max-age=5, stale-if-error=60')),
        forwarded({}, { after: 6, reply: { status }, status: 200, body: 'body 1', gets: { 'X-Cache': 'STALE', Age: '6' } }),
      ],
    }),
  ),
  ...[400, 403, 404, 501].map(
    (status): Row => ({
      clause: 'RFC 5861 §4',
      title: `stale-if-error is not served for a ${status}`,
      steps: [forwarded(cc('max-age=5, stale-if-error=60')), forwarded({}, { after: 6, reply: { status } })],
    }),
  ),
  ...ERRORS.map(
    (status): Row => ({
      clause: 'DECISIONS staleIfError',
      title: `without the directive a well-formed ${status} is passed on`,
      steps: [forwarded(cc('max-age=5')), forwarded({}, { after: 6, reply: { status } })],
    }),
  ),
  {
    clause: 'RFC 5861 §4',
    title: 'stale-if-error ends with its window',
    steps: [forwarded(cc('max-age=5, stale-if-error=60', { ETag: '"a"' })), forwarded({}, { after: 65, reply: { status: 503 } })],
  },
  {
    clause: 'RFC 5861 §4',
    title: 'what was served for an error is asked for again later',
    steps: [
      forwarded(cc('max-age=5, stale-if-error=600')),
      forwarded({}, { after: 6, reply: { status: 503 }, status: 200, body: 'body 1' }),
      forwarded(cc('max-age=60'), { after: 60 }),
      hit({ body: 'body 3' }),
    ],
  },
]

const DISCONNECTED: Row[] = [
  {
    clause: 'DECISIONS staleIfError',
    title: 'without the directive the stale object is served for 24 h while the origin cannot be reached',
    steps: [
      forwarded(cc('max-age=5')),
      { after: 5 + DAY - 1, origin: 'dead', status: 200, body: 'body 1', gets: { 'X-Cache': 'STALE', Age: String(5 + DAY - 1) } },
    ],
  },
  {
    clause: 'DECISIONS staleIfError',
    title: 'and no longer',
    steps: [forwarded(cc('max-age=5')), { after: 5 + DAY, origin: 'dead', status: 502, body: null, gets: { 'X-Step': null } }],
  },
  ...[
    'max-age=5, must-revalidate',
    'max-age=5, proxy-revalidate',
    'no-cache',
    'no-cache, max-age=5',
    's-maxage=5',
    'max-age=5, stale-if-error=0',
  ].map(
    (value): Row => ({
      clause: '§4.2.4',
      title: `${value} forbids it: 502 with nothing of what is stored`,
      steps: [
        forwarded(cc(value, { ETag: '"a"' })),
        { after: 6, origin: 'dead', status: 502, body: null, gets: { 'X-Step': null, ETag: null, 'Proxy-Status': /^Clearcoat; error=/ } },
      ],
    }),
  ),
  {
    clause: '§5.2.2.10',
    title: 's-maxage with stale-if-error allows it',
    steps: [forwarded(cc('s-maxage=5, stale-if-error=60')), { after: 6, origin: 'dead', status: 200, body: 'body 1', ...STALE }],
  },
  {
    clause: 'DECISIONS origin must be asked and cannot be reached',
    title: 'with nothing stored it is 502',
    presets: BOTH,
    steps: [{ origin: 'dead', status: 502, body: null, gets: { 'Cache-Control': 'no-store' } }],
  },
  {
    clause: 'DECISIONS origin must be asked and cannot be reached',
    title: 'with nothing stored it is 503',
    presets: ['varnish'],
    steps: [{ origin: 'dead', status: 503, body: null }],
  },
  {
    clause: 'DECISIONS staleIfError',
    title: 'past its grace nothing stale is served',
    presets: ['varnish'],
    steps: [forwarded(cc('max-age=5')), { after: 16, origin: 'dead', status: 503, body: null, gets: { 'X-Step': null } }],
  },
]

rows('stale-while-revalidate', WHILE_REVALIDATE)
rows('stale-if-error', IF_ERROR)
rows('an origin that cannot be reached', DISCONNECTED)
