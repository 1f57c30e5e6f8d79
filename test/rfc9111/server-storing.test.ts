/** RFC 9111 §3 through the whole server: what is stored by status and directive, and what credentials and cookies change. */
import { ALL, BOTH, type Fields, forwarded, hit, inSeconds, type Row, rows } from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60' }
const PAST: Fields = { Expires: inSeconds(-60) }

const STATUSES = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599]
const VARNISH_STATUSES = new Set([200, 203, 204, 300, 301, 302, 304, 307, 404, 410, 414])

const BY_STATUS: Row[] = [
  ...STATUSES.flatMap((status): Row[] => [
    {
      clause: 'RFC 9111 §3',
      title: `${status} with max-age is stored`,
      steps: [forwarded(FRESH, { reply: { status } }), hit({ status })],
    },
    {
      clause: 'RFC 9111 §3',
      title: `${status} that is stale is not reused`,
      steps: [forwarded(PAST, { reply: { status } }), forwarded({}, { reply: { status } })],
    },
    {
      clause: 'DECISIONS storable statuses',
      title: `${status} with max-age is ${VARNISH_STATUSES.has(status) ? '' : 'not '}stored`,
      presets: ['varnish'],
      steps: [
        forwarded(FRESH, { reply: { status } }),
        VARNISH_STATUSES.has(status) ? hit({ status }) : forwarded(FRESH, { reply: { status } }),
      ],
    },
  ]),
  ...[201, 403, 502].map(
    (status): Row => ({
      clause: 'DECISIONS storable statuses',
      title: `${status} with no-cache alone is not stored`,
      steps: [forwarded({ 'Cache-Control': 'no-cache', ETag: '"a"' }, { reply: { status }, stored: null })],
    }),
  ),
  ...[200, 404].map(
    (status): Row => ({
      clause: 'DECISIONS storable statuses',
      title: `${status} with no-cache alone and a validator is stored`,
      steps: [forwarded({ 'Cache-Control': 'no-cache', ETag: '"a"' }, { reply: { status }, stored: {} })],
    }),
  ),
  {
    clause: 'DECISIONS storable statuses',
    title: 'lifetime 0 without validator and stale directive is not stored',
    steps: [forwarded({ 'Cache-Control': 'max-age=0' }, { stored: null })],
  },
  ...['stale-while-revalidate=60', 'stale-if-error=60'].map(
    (directive): Row => ({
      clause: 'DECISIONS storable statuses',
      title: `lifetime 0 without validator is stored with ${directive}`,
      steps: [forwarded({ 'Cache-Control': `max-age=0, ${directive}` }, { stored: {} })],
    }),
  ),
  {
    clause: 'RFC 9111 §3.3',
    title: 'the reason phrase is stored with the status',
    steps: [forwarded(FRESH, { reply: { reason: 'Fine, thank you' } }), hit({ reason: 'Fine, thank you' })],
  },
]

/** Directives that forbid storing, whatever freshness says. */
function unstored(clause: string, fields: Fields, presets = ALL, status = 200): Row {
  const reply = { status }
  return {
    clause,
    title: `${JSON.stringify(fields)} on ${status} is not stored`,
    presets,
    steps: [forwarded(fields, { reply, stored: null }), forwarded(fields, { reply })],
  }
}

function stored(clause: string, fields: Fields, presets = BOTH, status = 200): Row {
  return {
    clause,
    title: `${JSON.stringify(fields)} on ${status} is reused`,
    presets,
    steps: [forwarded(fields, { reply: { status } }), hit({ status })],
  }
}

const BY_DIRECTIVE: Row[] = [
  unstored('§5.2.2.5', { 'Cache-Control': 'no-store' }),
  unstored('§5.2.2.5', { 'Cache-Control': 'max-age=60, no-store' }),
  unstored('§5.2.2.5', { 'Cache-Control': 'NO-store, max-age=60' }),
  unstored('§5.2.2.5', { 'Cache-Control': ['max-age=60', 'no-store'] }),
  unstored('§5.2.2.5', { 'Cache-Control': 'no-store', Expires: inSeconds(60) }),
  unstored('§5.2.2.7', { 'Cache-Control': 'private, max-age=60' }),
  unstored('§5.2.2.7', { 'Cache-Control': 's-maxage=60, private' }),
  unstored('§5.2.2.7', { 'Cache-Control': 'private="set-cookie", max-age=60' }),
  unstored('§5.2.2.3', { 'Cache-Control': 'no-store, must-understand, max-age=60' }, BOTH, 299),
  unstored('§5.2.2.3', { 'Cache-Control': 'must-understand, max-age=60' }, BOTH, 499),
  unstored('§5.2.2.3', { 'Cache-Control': 'must-understand, max-age=60' }, BOTH, 599),
  stored('§5.2.2.3', { 'Cache-Control': 'no-store, must-understand, max-age=60' }),
  stored('§5.2.2.3', { 'Cache-Control': 'no-store, must-understand, max-age=60' }, BOTH, 404),
  stored('§5.2.2.9', { 'Cache-Control': 'public, max-age=60' }, ALL),
  stored('§5.2.2.2', { 'Cache-Control': 'must-revalidate, max-age=60' }, ALL),
  stored('§5.2.2.8', { 'Cache-Control': 'proxy-revalidate, max-age=60' }, ALL),
  stored('§5.2.2.6', { 'Cache-Control': 'no-transform, max-age=60' }, ALL),
  stored('§5.4', { 'Cache-Control': 'max-age=60', Pragma: 'no-cache' }, BOTH),
  stored('§5.5', { 'Cache-Control': 'max-age=60', Warning: '110 - "Response is Stale"' }, ALL),
  {
    clause: '§5.2.2.4',
    title: 'no-cache is stored and validated at every use',
    steps: [
      forwarded({ 'Cache-Control': 'no-cache, max-age=60', ETag: '"a"' }),
      forwarded({}, { reply: { status: 304 }, sees: { 'If-None-Match': '"a"' } }),
      forwarded({}, { after: 1, reply: { status: 304 }, sees: { 'If-None-Match': '"a"' } }),
    ],
  },
  {
    clause: '§5.2.2.4',
    title: 'fields that no-cache names are left out of a hit, the others are not',
    steps: [
      forwarded(
        { 'Cache-Control': 'no-cache="X-One, x-two", max-age=60', 'X-One': '1', 'X-Two': '2', 'X-Three': '3' },
        { gets: { 'X-One': '1' } },
      ),
      hit({ gets: { 'X-One': null, 'X-Two': null, 'X-Three': '3' } }),
    ],
  },
  {
    clause: 'DECISIONS close-delimited',
    title: 'an answer that ended by FIN is relayed and not stored',
    steps: [forwarded(FRESH, { reply: { framing: 'close' }, stored: null }), forwarded(FRESH, { reply: { framing: 'close' } })],
  },
  {
    clause: 'DECISIONS close-delimited',
    title: 'an answer that ended by FIN is stored',
    presets: ['varnish'],
    steps: [forwarded(FRESH, { reply: { framing: 'close' } }), hit()],
  },
  {
    clause: 'RFC 9111 §3.3',
    title: 'a chunked answer is stored without its coding',
    presets: ALL,
    steps: [forwarded(FRESH, { reply: { framing: 'chunked' } }), hit({ gets: { 'Transfer-Encoding': null } })],
  },
  {
    clause: 'DECISIONS surplus bytes',
    title: 'the body is cut at its length, stored, and the surplus answers nobody',
    presets: ALL,
    steps: [
      forwarded(FRESH, { reply: { surplus: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nX' } }),
      hit(),
      forwarded({}, { path: '/other' }),
    ],
  },
]

const AUTH = { Authorization: 'Basic Zm9vOmJhcg==' }

const AUTHORIZATION: Row[] = [
  ...['max-age=60', 'max-age=60, proxy-revalidate', 'no-cache, max-age=60'].map(
    (value): Row => ({
      clause: '§3.5',
      title: `an answer to Authorization with ${value} serves nobody else`,
      steps: [forwarded({ 'Cache-Control': value }, { asks: AUTH, sees: AUTH }), forwarded(FRESH)],
    }),
  ),
  ...['max-age=60, public', 's-maxage=60', 'max-age=60, must-revalidate'].map(
    (value): Row => ({
      clause: '§3.5',
      title: `an answer to Authorization with ${value} serves everybody`,
      steps: [forwarded({ 'Cache-Control': value }, { asks: AUTH }), hit(), hit({ asks: { Authorization: 'Basic other' } })],
    }),
  ),
  {
    clause: '§3.5',
    title: 'the targeted field decides about an answer to Authorization',
    steps: [
      forwarded({ 'CDN-Cache-Control': 'max-age=60', 'Cache-Control': 'public' }, { asks: AUTH }),
      forwarded({ 'CDN-Cache-Control': 'max-age=60, public' }, { asks: AUTH }),
      hit({ body: 'body 2' }),
    ],
  },
  {
    clause: '§3.5',
    title: 'what is shared already serves a request with Authorization',
    steps: [forwarded(FRESH), hit({ asks: AUTH })],
  },
  {
    clause: 'DECISIONS request Authorization',
    title: 'a request with Authorization passes',
    presets: ['varnish'],
    steps: [
      forwarded({ 'Cache-Control': 'public, max-age=60' }, { asks: AUTH, gets: { 'X-Cache': 'PASS' } }),
      forwarded(FRESH),
      forwarded({}, { asks: AUTH, gets: { 'X-Cache': 'PASS' } }),
      hit({ body: 'body 2' }),
    ],
  },
]

const SESSION = { Cookie: 'session=1' }
const ANALYTICS = { Cookie: '_ga=GA1.2.3; _gid=1' }

const COOKIES: Row[] = [
  {
    clause: 'DECISIONS answer with Set-Cookie',
    title: 'is not shared, nor is the next one',
    presets: ['safe', 'varnish'],
    steps: [
      forwarded({ ...FRESH, 'Set-Cookie': 'a=1' }, { gets: { 'Set-Cookie': 'a=1' } }),
      forwarded({ ...FRESH, 'Set-Cookie': 'a=2' }, { gets: { 'Set-Cookie': 'a=2' } }),
    ],
  },
  {
    clause: 'DECISIONS answer with Set-Cookie',
    title: 'the next answer without it is shared',
    presets: ['safe', 'varnish'],
    steps: [forwarded({ ...FRESH, 'Set-Cookie': 'a=1' }), forwarded(FRESH), hit({ body: 'body 2' })],
  },
  {
    clause: 'RFC 9111 §7.3',
    title: 'is stored with its Set-Cookie',
    presets: ['rfc9111'],
    steps: [
      forwarded({ ...FRESH, 'Set-Cookie': ['a=1', 'b=2'] }, { gets: { 'Set-Cookie': 'a=1, b=2' } }),
      hit({ gets: { 'Set-Cookie': 'a=1, b=2' } }),
    ],
  },
  {
    clause: 'DECISIONS request Cookie',
    title: 'an answer to a personal cookie serves nobody else',
    presets: ['safe'],
    steps: [forwarded(FRESH, { asks: SESSION, sees: SESSION, stored: null }), forwarded(FRESH), hit({ body: 'body 2' })],
  },
  ...[
    { 'Cache-Control': 'public, max-age=60' },
    { 'Cache-Control': 's-maxage=60' },
    { 'CDN-Cache-Control': 'max-age=60' },
    { 'Clearcoat-Cache-Control': 'max-age=60' },
  ].map(
    (fields: Fields): Row => ({
      clause: 'DECISIONS request Cookie',
      title: `an answer to a personal cookie with ${JSON.stringify(fields)} serves everybody`,
      presets: ['safe'],
      steps: [forwarded(fields, { asks: SESSION }), hit(), hit({ asks: { Cookie: 'session=2' } })],
    }),
  ),
  {
    clause: 'DECISIONS request Cookie',
    title: 'an answer with Vary: Cookie serves that cookie alone',
    presets: ['safe'],
    steps: [
      forwarded({ ...FRESH, Vary: 'Cookie' }, { asks: SESSION }),
      hit({ asks: SESSION }),
      forwarded({ ...FRESH, Vary: 'Cookie' }, { asks: { Cookie: 'session=2' } }),
      forwarded({ ...FRESH, Vary: 'Cookie' }),
      hit({ asks: SESSION }),
    ],
  },
  {
    clause: 'DECISIONS request Cookie',
    title: 'cookies for analytics alone change nothing',
    presets: ['safe'],
    steps: [forwarded(FRESH, { asks: ANALYTICS }), hit(), hit({ asks: ANALYTICS })],
  },
  {
    clause: 'DECISIONS request Cookie',
    title: 'what is shared already serves a request with a personal cookie',
    steps: [forwarded(FRESH), hit({ asks: SESSION })],
  },
  {
    clause: 'DECISIONS request Cookie',
    title: 'a cookie changes nothing',
    presets: ['rfc9111'],
    steps: [forwarded(FRESH, { asks: SESSION }), hit(), hit({ asks: { Cookie: 'session=2' } })],
  },
  {
    clause: 'DECISIONS request Cookie',
    title: 'a request with a cookie passes',
    presets: ['varnish'],
    steps: [
      forwarded({ 'Cache-Control': 'public, max-age=60' }, { asks: SESSION, gets: { 'X-Cache': 'PASS' } }),
      forwarded(FRESH),
      forwarded({}, { asks: SESSION, gets: { 'X-Cache': 'PASS' } }),
    ],
  },
]

rows('stored by status', BY_STATUS)
rows('stored by directive', BY_DIRECTIVE)
rows('Authorization', AUTHORIZATION)
rows('cookies', COOKIES)
