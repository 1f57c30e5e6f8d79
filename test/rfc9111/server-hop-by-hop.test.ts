/** RFC 9110 §7.6.1, §15.2 and RFC 9111 §3.1 through the whole server: what belongs to one connection goes no further and is not stored. */
import { ALL, type Fields, forwarded, hit, type Row, rows } from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60' }

/** Each with a value that does not change the framing of the message it is on. */
const ANSWERED: [name: string, value: string][] = [
  ['Keep-Alive', 'timeout=600, max=7'],
  ['Proxy-Connection', 'keep-alive'],
  ['Proxy-Authenticate', 'Basic realm="x"'],
  ['Proxy-Authentication-Info', 'nextnonce="x"'],
  ['Proxy-Authorization', 'Basic eA=='],
  ['TE', 'trailers'],
  ['Trailer', 'X-Later'],
  ['Upgrade', 'h2c'],
]

const FROM_ORIGIN: Row[] = [
  {
    clause: 'RFC 9111 §3.1',
    title: 'Connection of the origin is neither stored nor forwarded',
    presets: ALL,
    steps: [
      forwarded(
        { ...FRESH, Connection: 'keep-alive, x-a', 'X-A': '1' },
        { gets: { Connection: /^(?!.*x-a)/i, 'X-A': null }, stored: { Connection: null, 'X-A': null } },
      ),
      hit({ gets: { Connection: /^(?!.*x-a)/i, 'X-A': null } }),
    ],
  },
  {
    clause: 'RFC 9111 §3.1',
    title: 'Transfer-Encoding of the origin is not stored',
    presets: ALL,
    steps: [
      forwarded(FRESH, { reply: { framing: 'chunked' }, stored: { 'Transfer-Encoding': null } }),
      hit({ gets: { 'Transfer-Encoding': null, 'Content-Length': '6' } }),
    ],
  },
  ...ANSWERED.map(
    ([name, value]): Row => ({
      clause: 'RFC 9111 §3.1',
      title: `${name} of the origin is neither stored nor forwarded`,
      presets: ALL,
      steps: [
        // A Keep-Alive of our own may be there; the origin's is not.
        forwarded(
          { ...FRESH, [name]: value },
          { gets: { [name]: name === 'Keep-Alive' ? /^(?!.*max=7)/ : null }, stored: { [name]: null } },
        ),
        hit({ gets: { [name]: name === 'Keep-Alive' ? /^(?!.*max=7)/ : null } }),
      ],
    }),
  ),
  ...ANSWERED.map(
    ([name, value]): Row => ({
      clause: 'RFC 9110 §7.6.1',
      title: `${name} of the origin does not pass either`,
      steps: [
        {
          method: 'POST',
          sends: 'x',
          origin: { fields: { [name]: value } },
          gets: { [name]: name === 'Keep-Alive' ? /^(?!.*max=7)/ : null },
        },
      ],
    }),
  ),
]

const REQUESTED: [name: string, value: string][] = [
  ['Keep-Alive', 'timeout=600, max=7'],
  ['Proxy-Connection', 'keep-alive'],
  ['Proxy-Authenticate', 'Basic realm="x"'],
  ['Proxy-Authentication-Info', 'nextnonce="x"'],
  ['Proxy-Authorization', 'Basic eA=='],
  ['TE', 'trailers'],
  ['Trailer', 'X-Later'],
  ['Upgrade', 'h2c'],
  ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
]

const FROM_CLIENT: Row[] = [
  ...REQUESTED.flatMap(([name, value]): Row[] => [
    {
      clause: 'RFC 9110 §7.6.1',
      title: `${name} of the client is not forwarded on a miss`,
      presets: ALL,
      steps: [forwarded(FRESH, { asks: { [name]: value }, sees: { [name]: null } }), hit()],
    },
    {
      clause: 'RFC 9110 §7.6.1',
      title: `${name} of the client is not forwarded on a pass`,
      steps: [{ method: 'POST', sends: 'x', asks: { [name]: value }, origin: {}, sees: { [name]: null } }],
    },
  ]),
  {
    clause: 'RFC 9110 §7.6.1',
    title: 'Connection of the client is not forwarded, nor what it nominates',
    presets: ALL,
    steps: [
      forwarded(FRESH, {
        asks: { Connection: ['keep-alive, X-A', 'x-b ,, X-C'], 'X-A': '1', 'X-B': '2', 'X-C': '3', 'X-D': '4' },
        sees: { Connection: /^(?!.*x-)/i, 'X-A': null, 'X-B': null, 'X-C': null, 'X-D': '4' },
      }),
    ],
  },
]

/** Fields that no nomination removes; the value is what must arrive. */
const KEPT_OF_CLIENT: [name: string, value: string, sees: RegExp][] = [
  ['Authorization', 'Basic eA==', /^Basic eA==$/],
  ['Cookie', 'a=1', /^a=1$/],
  ['Cache-Control', 'max-stale=5', /^max-stale=5$/],
  ['Vary', 'x', /^x$/],
  ['Age', '5', /^5$/],
  ['Date', 'Thu, 01 Jan 2015 00:00:00 GMT', /^Thu/],
  ['ETag', '"a"', /^"a"$/],
  ['Expires', '0', /^0$/],
  ['Via', '1.0 before', /1\.0 before/],
  ['Forwarded', 'for=192.0.2.1', /for=/],
  ['X-Forwarded-For', '192.0.2.1', /./],
  ['X-Forwarded-Proto', 'https', /./],
  ['X-Forwarded-Host', 'x', /./],
]

const KEPT_OF_ORIGIN: [name: string, value: string][] = [
  ['Cache-Control', 'max-age=60'],
  ['Vary', 'Foo'],
  ['ETag', '"a"'],
  ['Expires', 'Thu, 01 Jan 2015 00:00:00 GMT'],
  ['Date', 'Sun, 06 Nov 2033 08:49:37 GMT'],
  ['CDN-Cache-Control', 'max-age=60'],
  ['Age', '3'],
  ['Via', '1.1 before'],
]

const NOMINATED: Row[] = [
  ...KEPT_OF_CLIENT.map(
    ([name, value, sees]): Row => ({
      clause: 'DECISIONS Connection-nominated fields',
      title: `${name} of the client stays although Connection nominates it`,
      steps: [forwarded({}, { asks: { Connection: name, [name]: value }, sees: { [name]: sees } })],
    }),
  ),
  ...['Host', 'Content-Length', 'Transfer-Encoding'].map(
    (name): Row => ({
      clause: 'DECISIONS Connection-nominated fields',
      title: `a request that nominates ${name} is 400`,
      presets: ALL,
      steps: [{ asks: { Connection: `keep-alive, ${name}` }, status: 400, body: null, gets: { Connection: 'close' } }],
    }),
  ),
  ...KEPT_OF_ORIGIN.map(
    ([name, value]): Row => ({
      clause: 'DECISIONS Connection-nominated fields',
      title: `${name} of the origin stays although Connection nominates it`,
      steps: [forwarded({ ...FRESH, Connection: name, [name]: value }, { gets: { [name]: name === 'Via' ? /1\.1 before/ : value } })],
    }),
  ),
  {
    clause: 'DECISIONS Connection-nominated fields',
    title: 'Content-Length of the origin stays although Connection nominates it',
    presets: ALL,
    steps: [forwarded({ ...FRESH, Connection: 'Content-Length' }, { gets: { 'Content-Length': '6' } }), hit()],
  },
  {
    clause: 'DECISIONS Connection-nominated fields',
    title: 'Set-Cookie that Connection nominates counts when sharing is decided',
    presets: ['safe'],
    steps: [forwarded({ ...FRESH, Connection: 'Set-Cookie', 'Set-Cookie': 'a=1' }, { gets: { 'Set-Cookie': 'a=1' } }), forwarded(FRESH)],
  },
  {
    clause: 'DECISIONS Connection-nominated fields',
    title: 'Authorization that Connection nominates counts when sharing is decided',
    steps: [forwarded(FRESH, { asks: { Connection: 'Authorization', Authorization: 'Basic eA==' } }), forwarded(FRESH)],
  },
  {
    clause: 'DECISIONS Connection-nominated fields',
    title: 'no-store that Connection nominates counts',
    presets: ALL,
    steps: [forwarded({ Connection: 'Cache-Control', 'Cache-Control': 'no-store, max-age=60' }, { stored: null }), forwarded()],
  },
  {
    clause: 'RFC 9111 §4.3.4',
    title: 'what the Connection of a 304 nominates is not merged',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5', ETag: '"a"', 'X-A': 'stored' }),
      forwarded(
        { ...FRESH, Connection: 'X-A', 'X-A': 'hop' },
        { after: 6, reply: { status: 304 }, gets: { 'X-A': 'stored' }, stored: { 'X-A': 'stored', Connection: null } },
      ),
    ],
  },
]

const EARLY = 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\nX-Early: 1\r\n\r\n'
const PROCESSING = 'HTTP/1.1 102 Processing\r\nX-Progress: half\r\n\r\n'

const INTERIM: Row[] = [
  {
    clause: 'RFC 9110 §15.2',
    title: '103 is relayed with its fields, not stored, and not repeated on a hit',
    presets: ALL,
    steps: [
      forwarded(FRESH, {
        reply: { interim: EARLY },
        interim: [[103, { Link: '</style.css>; rel=preload', 'X-Early': '1' }]],
        gets: { Link: null, 'X-Early': null },
        stored: { Link: null, 'X-Early': null },
      }),
      hit({ gets: { Link: null } }),
    ],
  },
  {
    clause: 'RFC 9110 §15.2',
    title: '102 is relayed with its fields, not stored, and not repeated on a hit',
    presets: ALL,
    steps: [
      forwarded(FRESH, { reply: { interim: PROCESSING }, interim: [[102, { 'X-Progress': 'half' }]], gets: { 'X-Progress': null } }),
      hit(),
    ],
  },
  {
    clause: 'RFC 9110 §15.2',
    title: 'several are relayed in their order',
    presets: ALL,
    steps: [
      forwarded(FRESH, {
        reply: { interim: PROCESSING + EARLY },
        interim: [
          [102, {}],
          [103, {}],
        ],
      }),
    ],
  },
  {
    clause: 'DECISIONS 1xx from the origin',
    title: '100 is consumed',
    presets: ALL,
    steps: [forwarded(FRESH, { reply: { interim: 'HTTP/1.1 100 Continue\r\n\r\n' }, interim: [] }), hit()],
  },
  {
    clause: 'DECISIONS 1xx from the origin',
    title: 'hop-by-hop fields of a 103 are not relayed',
    steps: [
      forwarded(FRESH, {
        reply: { interim: 'HTTP/1.1 103 Early Hints\r\nConnection: X-A\r\nX-A: 1\r\nKeep-Alive: max=7\r\nLink: </a>\r\n\r\n' },
        interim: [[103, { Connection: null, 'X-A': null, 'Keep-Alive': null, Link: '</a>' }]],
      }),
    ],
  },
  {
    clause: 'RFC 9111 §3',
    title: 'the interim answer to a validation is relayed, and the object freshened',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=5', ETag: '"a"' }),
      forwarded(FRESH, { after: 6, reply: { status: 304, interim: EARLY }, interim: [[103, {}]], gets: { 'X-Early': null } }),
      hit({ gets: { 'X-Early': null } }),
    ],
  },
]

/** What a later use of a stored part carries: the stored fields, not those of the moment. */
const PARTIAL_FIELDS: Row[] = [
  {
    clause: 'RFC 9111 §3.3',
    title: 'a range of a stored part carries all fields of the part',
    steps: [
      forwarded(
        {
          ...FRESH,
          'Content-Range': 'bytes 0-5/10',
          ETag: '"a"',
          'X-A': '1',
          'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT',
          'Content-Type': 'text/a',
        },
        { asks: { Range: 'bytes=0-5' }, reply: { status: 206 } },
      ),
      hit({
        after: 2,
        asks: { Range: 'bytes=1-2' },
        status: 206,
        body: 'od',
        gets: {
          ETag: '"a"',
          'X-A': '1',
          'Last-Modified': 'Thu, 01 Jan 2015 00:00:00 GMT',
          'Content-Type': 'text/a',
          'Content-Range': 'bytes 1-2/10',
          'Content-Length': '2',
          Age: '2',
        },
      }),
    ],
  },
  {
    clause: 'RFC 9111 §3.4',
    title: 'a completed object carries the fields of the newer answer',
    steps: [
      forwarded(
        { ...FRESH, 'Content-Range': 'bytes 0-5/8', ETag: '"a"', 'X-A': 'first' },
        { asks: { Range: 'bytes=0-5' }, reply: { status: 206 } },
      ),
      forwarded(
        { ...FRESH, 'Content-Range': 'bytes 6-7/8', ETag: '"a"', 'X-A': 'second' },
        { reply: { status: 206, body: 'xx' }, status: 200, body: 'body 1xx', gets: { 'X-A': 'second' } },
      ),
      hit({ body: 'body 1xx', gets: { 'X-A': 'second', 'Content-Length': '8' } }),
    ],
  },
]

rows('hop-by-hop fields of the origin', FROM_ORIGIN)
rows('hop-by-hop fields of the client', FROM_CLIENT)
rows('nominated fields', NOMINATED)
rows('interim answers', INTERIM)
rows('fields of parts', PARTIAL_FIELDS)
