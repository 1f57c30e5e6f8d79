/** RFC 9111 §4, §4.3.5, §4.4 and RFC 9110 §9 through the whole server: what methods other than GET are answered with, and what they change. */
import { ALL, BOTH, type Fields, forwarded, hit, type Row, rows, type Step } from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60' }
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE']

/** What stays of a stored answer after another request. */
function after(clause: string, title: string, change: Step, gone: boolean, presets = BOTH): Row {
  return {
    clause,
    title: `${title} ${gone ? 'invalidates' : 'does not invalidate'}`,
    presets,
    steps: [forwarded(FRESH), hit(), change, gone ? forwarded(FRESH) : hit()],
  }
}

const send = (method: string, status: number, fields: Fields = {}, more: Step = {}): Step => ({
  method,
  sends: method === 'DELETE' || method === 'HEAD' ? '' : 'content',
  origin: { status, fields },
  ...more,
})

/** A request for the row's URL invalidates, or does not, what is stored elsewhere. */
function elsewhere(title: string, field: Fields, path: string, gone: boolean, presets = BOTH, status = 201): Row {
  return {
    clause: 'RFC 9111 §4.4',
    title: `${title} ${gone ? 'is' : 'is not'} invalidated`,
    presets,
    steps: [forwarded(FRESH, { path }), hit({ path }), send('POST', status, field), gone ? forwarded(FRESH, { path }) : hit({ path })],
  }
}

const INVALIDATION: Row[] = [
  ...UNSAFE.flatMap((method) => [
    after('RFC 9111 §4.4', `${method} answered 200`, send(method, 200), true),
    after('RFC 9111 §4.4', `${method} answered 204`, send(method, 204), true),
    after('RFC 9111 §4.4', `${method} answered 303`, send(method, 303), true),
    after('RFC 9111 §4.4', `${method} answered 404`, send(method, 404), false),
    after('RFC 9111 §4.4', `${method} answered 500`, send(method, 500), false),
    after('DECISIONS unsafe method', `${method} answered 200`, send(method, 200), false, ['varnish']),
  ]),
  after('DECISIONS unsafe method', 'an unregistered method answered 200', send('FOO', 200), true, ['rfc9111']),
  after('DECISIONS unsafe method', 'an unregistered method answered 404', send('FOO', 404), false, ['rfc9111']),
  after('RFC 9110 §9.2.1', 'OPTIONS answered 200', send('OPTIONS', 200), false),
  after('RFC 9110 §9.2.1', 'TRACE answered 200', send('TRACE', 200, {}, { sends: '' }), false),
  after('RFC 9110 §9.2.1', 'PROPFIND answered 207', send('PROPFIND', 207), false),
  after('RFC 9110 §9.2.1', 'a GET with a body', send('GET', 200), false),
  {
    clause: 'RFC 9111 §4.4',
    title: 'all variants are invalidated',
    steps: [
      forwarded({ ...FRESH, Vary: 'Foo' }, { asks: { Foo: 'a' } }),
      forwarded({ ...FRESH, Vary: 'Foo' }, { asks: { Foo: 'b' } }),
      send('PUT', 204),
      forwarded({ ...FRESH, Vary: 'Foo' }, { asks: { Foo: 'a' } }),
      forwarded({ ...FRESH, Vary: 'Foo' }, { asks: { Foo: 'b' } }),
    ],
  },
  {
    clause: 'RFC 9111 §4.4',
    title: 'what is invalidated is not served for an error either',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=60, stale-if-error=600', ETag: '"a"' }),
      send('DELETE', 204),
      { origin: 'dead', status: 502, body: null },
    ],
  },
  {
    clause: 'RFC 9111 §4.4',
    title: 'another query is not invalidated',
    steps: [forwarded(FRESH, { path: '?a' }), send('POST', 200), hit({ path: '?a' })],
  },
]

const ELSEWHERE: Row[] = ['Location', 'Content-Location'].flatMap((name) => [
  elsewhere(`the ${name} of another host`, { [name]: 'http://other.example/x' }, '/x', false),
  elsewhere(`another path than the ${name}`, { [name]: '/y' }, '/x', false),
  elsewhere(`a ${name} that is no reference`, { [name]: 'http://[' }, '/x', false),
])

/** References to `ROW/x`, made when the row's URL is known. */
const REFERENCES: [title: string, reference: (url: string) => string, gone: boolean][] = [
  ['an absolute path', (url) => `${url}/x`, true],
  ['a whole URL', (url) => `http://www.example${url}/x`, true],
  ['a whole URL with the default port', (url) => `http://www.example:80${url}/x`, true],
  ['a reference without scheme', (url) => `//www.example${url}/x`, true],
  ['a host in another case', (url) => `http://WWW.example${url}/x`, true],
  ['another port', (url) => `http://www.example:81${url}/x`, false],
  ['another host', (url) => `http://other.example${url}/x`, false],
]

const REFERRED: Row[] = ['Location', 'Content-Location'].flatMap((name) =>
  REFERENCES.flatMap(([title, reference, gone]): Row[] => [
    {
      clause: 'RFC 9111 §4.4',
      title: `${name} with ${title} ${gone ? 'invalidates' : 'does not invalidate'} what is stored there`,
      steps: [
        forwarded(FRESH, { path: '/x' }),
        hit({ path: '/x' }),
        send('POST', 201, { [name]: { ofRow: reference } }),
        gone ? forwarded(FRESH, { path: '/x' }) : hit({ path: '/x' }),
      ],
    },
  ]),
)

const ERRORS_ELSEWHERE: Row[] = ['Location', 'Content-Location'].map((name) => ({
  clause: 'RFC 9111 §4.4',
  title: `${name} of a 404 does not invalidate`,
  steps: [forwarded(FRESH, { path: '/x' }), send('POST', 404, { [name]: { ofRow: (url: string) => `${url}/x` } }), hit({ path: '/x' })],
}))

const HEAD: Row[] = [
  {
    clause: 'RFC 9110 §9.3.2',
    title: 'HEAD is answered from a stored GET, with its length and no body',
    presets: ALL,
    steps: [forwarded(FRESH), hit({ after: 2, method: 'HEAD', gets: { 'Content-Length': '6', Age: '2' } })],
  },
  {
    clause: 'DECISIONS miss with HEAD',
    title: 'is forwarded as HEAD and answers no GET',
    steps: [forwarded(FRESH, { method: 'HEAD', stored: null }), forwarded(FRESH), hit({ body: 'body 2' })],
  },
  {
    clause: 'DECISIONS miss with HEAD',
    title: 'is fetched as GET, which is stored',
    presets: ['varnish'],
    steps: [forwarded(FRESH, { method: 'HEAD', seesMethod: 'GET' }), hit({ body: 'body 1' })],
  },
  {
    clause: 'RFC 9111 §4.3.5',
    title: 'the answer to a HEAD freshens the stored GET',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5', ETag: '"a"', 'X-A': 'old' }),
      forwarded({ ...FRESH, ETag: '"a"', 'X-A': 'new' }, { after: 6, method: 'HEAD', reply: { body: 'body 1' } }),
      hit({ gets: { 'X-A': 'new' } }),
    ],
  },
  ...[
    ['another ETag', { ETag: '"b"' }, 'body 1'],
    ['another length', { ETag: '"a"' }, 'another body'],
    ['another Last-Modified', { ETag: '"a"', 'Last-Modified': 'Thu, 01 Jan 2015 00:00:01 GMT' }, 'body 1'],
  ].map(
    ([title, fields, body]): Row => ({
      clause: 'RFC 9111 §4.3.5',
      title: `the answer to a HEAD with ${String(title)} makes the stored GET stale`,
      steps: [
        forwarded({ 'Cache-Control': 'max-age=5', ETag: '"a"', 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }),
        forwarded({ ...FRESH, ...(fields as Fields) }, { after: 6, method: 'HEAD', reply: { body: body as string } }),
        forwarded(FRESH),
      ],
    }),
  ),
  {
    clause: 'DECISIONS answer to a HEAD while the stored GET is stale',
    title: 'nothing is freshened that no validator tells from what is there now',
    presets: ['safe'],
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5' }),
      forwarded({ ...FRESH, ETag: '"a"' }, { after: 6, method: 'HEAD', reply: { body: 'body 1' } }),
      forwarded(FRESH),
      hit({ body: 'body 3' }),
    ],
  },
  {
    clause: 'DECISIONS answer to a HEAD while the stored GET is stale',
    title: 'a Last-Modified is enough to freshen',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5', 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }),
      forwarded({ ...FRESH, 'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }, { after: 6, method: 'HEAD', reply: { body: 'body 1' } }),
      hit({ body: 'body 1' }),
    ],
  },
  {
    clause: 'DECISIONS answer to a HEAD while the stored GET is stale',
    title: 'the answer freshens what it does not contradict',
    presets: ['rfc9111'],
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5' }),
      forwarded(FRESH, { after: 6, method: 'HEAD', reply: { body: 'body 1' } }),
      hit({ body: 'body 1' }),
    ],
  },
  {
    clause: 'RFC 9110 §13.1.2',
    title: 'HEAD with a condition that does not hold is 304',
    presets: ALL,
    steps: [forwarded({ ...FRESH, ETag: '"a"' }), hit({ method: 'HEAD', asks: { 'If-None-Match': '"a"' }, status: 304 })],
  },
  {
    clause: 'RFC 9110 §14.2',
    title: 'HEAD ignores Range',
    presets: ALL,
    steps: [forwarded(FRESH), hit({ method: 'HEAD', asks: { Range: 'bytes=0-1' }, gets: { 'Content-Length': '6' } })],
  },
]

const self: Fields = { ...FRESH, 'Content-Location': { ofRow: (url: string) => url } }

const POST: Row[] = [
  {
    clause: 'RFC 9110 §9.3.3',
    title: 'an answer to POST with freshness and its own Content-Location answers a GET',
    presets: ['rfc9111'],
    steps: [send('POST', 200, self), hit()],
  },
  {
    clause: 'RFC 9110 §9.3.3',
    title: 'the answer to POST takes the place of what was stored',
    presets: ['rfc9111'],
    steps: [forwarded(FRESH), send('POST', 200, self), hit({ body: 'body 2' })],
  },
  {
    clause: 'DECISIONS POST',
    title: 'its answer answers no GET',
    presets: ['safe', 'varnish'],
    steps: [send('POST', 200, self, { stored: null }), forwarded(FRESH)],
  },
  ...(
    [
      ['without freshness', { 'Content-Location': self['Content-Location'] }],
      ['with another Content-Location', { ...FRESH, 'Content-Location': '/elsewhere' }],
      ['without Content-Location', FRESH],
      ['with no-store', { ...self, 'Cache-Control': 'no-store, max-age=60' }],
      ['with private', { ...self, 'Cache-Control': 'private, max-age=60' }],
    ] as [string, Fields][]
  ).map(
    ([title, fields]): Row => ({
      clause: 'RFC 9110 §9.3.3',
      title: `an answer to POST ${title} answers no GET`,
      steps: [send('POST', 200, fields, { stored: null }), forwarded(FRESH)],
    }),
  ),
  {
    clause: 'RFC 9110 §9.3.3',
    title: 'a POST is never answered from the cache',
    presets: ALL,
    steps: [forwarded(FRESH), send('POST', 404), hit()],
  },
]

const METHODS: Row[] = [
  ...['PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'].map(
    (method): Row => ({
      clause: 'DECISIONS IANA-registered method',
      title: `${method} passes`,
      presets: ALL,
      steps: [send(method, 200, FRESH, { gets: { 'X-Cache': 'PASS' } }), forwarded(FRESH)],
    }),
  ),
  ...['PROPFIND', 'MKCOL', 'QUERY', 'REPORT'].flatMap((method): Row[] => [
    {
      clause: 'DECISIONS IANA-registered method',
      title: `${method} passes`,
      steps: [send(method, 200, {}, { gets: { 'X-Cache': 'PASS' } })],
    },
    {
      clause: 'DECISIONS IANA-registered method',
      title: `${method} is 501`,
      presets: ['varnish'],
      steps: [{ method, status: 501, body: null }],
    },
  ]),
  {
    clause: 'DECISIONS unregistered method',
    title: 'it is 501',
    presets: ['safe', 'varnish'],
    steps: [{ method: 'FOO', status: 501, body: null }],
  },
  { clause: 'DECISIONS unregistered method', title: 'it passes', presets: ['rfc9111'], steps: [send('FOO', 200)] },
]

rows('invalidation of the target', INVALIDATION)
rows('invalidation elsewhere', [...ELSEWHERE, ...REFERRED, ...ERRORS_ELSEWHERE])
rows('HEAD', HEAD)
rows('POST', POST)
rows('methods', METHODS)
