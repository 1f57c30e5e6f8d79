/** RFC 9111 §4.3 through the whole server: what is asked when an answer is stale, what a 304 changes, what clients' conditions get. */
import {
  AFTER_THAT,
  ALL,
  BEFORE_THAT,
  BOTH,
  type Expected,
  type Fields,
  forwarded,
  hit,
  inSeconds,
  LONG_AGO,
  type Row,
  rows,
} from './rig.ts'

const SHORT: Fields = { 'Cache-Control': 'max-age=5' }
const LONG: Fields = { 'Cache-Control': 'max-age=1000' }
const GONE_BY = 6

/** A stale object with these validators is asked for with these conditions. */
function asks(title: string, validators: Fields, client: Fields, sees: Expected): Row {
  return {
    clause: '§4.3.1',
    title,
    steps: [
      forwarded({ ...SHORT, ...validators }),
      forwarded({}, { after: GONE_BY, asks: client, reply: { status: 304 }, status: 200, sees }),
    ],
  }
}

const REQUESTS: Row[] = [
  asks('a stored ETag is sent', { ETag: '"a"' }, {}, { 'If-None-Match': '"a"', 'If-Modified-Since': null }),
  asks('a weak ETag is sent as it is', { ETag: 'W/"a"' }, {}, { 'If-None-Match': 'W/"a"' }),
  asks(
    'a Last-Modified is sent as it is',
    { 'Last-Modified': 'Thursday, 01-Jan-15 00:00:00 GMT' },
    {},
    {
      'If-None-Match': null,
      'If-Modified-Since': 'Thursday, 01-Jan-15 00:00:00 GMT',
    },
  ),
  asks('both are sent', { ETag: '"a"', 'Last-Modified': LONG_AGO }, {}, { 'If-None-Match': '"a"', 'If-Modified-Since': LONG_AGO }),
  asks(
    'they replace those of the client',
    { ETag: '"a"', 'Last-Modified': LONG_AGO },
    { 'If-None-Match': '"b"', 'If-Modified-Since': BEFORE_THAT },
    {
      'If-None-Match': '"a"',
      'If-Modified-Since': LONG_AGO,
    },
  ),
  asks(
    'a client’s If-Modified-Since does not join a stored ETag',
    { ETag: '"a"' },
    { 'If-Modified-Since': BEFORE_THAT },
    {
      'If-None-Match': '"a"',
      'If-Modified-Since': null,
    },
  ),
  asks('the client’s other fields go along', { ETag: '"a"' }, { 'X-Mine': '1', Accept: 'text/*' }, { 'X-Mine': '1', Accept: 'text/*' }),
  asks(
    'Cookie and Authorization of the client go along',
    { ETag: '"a"' },
    { Cookie: 'a=1', Authorization: 'Basic eA==' },
    {
      Cookie: 'a=1',
      Authorization: 'Basic eA==',
    },
  ),
  {
    clause: '§4.3.1',
    title: 'a miss carries no conditions of the client',
    steps: [
      forwarded(LONG, {
        asks: { 'If-None-Match': '"b"', 'If-Modified-Since': LONG_AGO },
        sees: { 'If-None-Match': null, 'If-Modified-Since': null },
      }),
      hit(),
    ],
  },
  {
    clause: '§4.3.1',
    title: 'nothing is asked conditionally once the object is dropped',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"', 'Cache-Control': 'max-age=5, stale-if-error=0' }),
      forwarded({}, { after: 5 + 3601, sees: { 'If-None-Match': null } }),
    ],
  },
  {
    clause: 'DECISIONS keep',
    title: 'an entry with a validator is kept an hour past its ttl',
    steps: [
      forwarded({ ETag: '"a"', 'Cache-Control': 'max-age=5, stale-if-error=0' }),
      forwarded({}, { after: 5 + 3599, reply: { status: 304 }, sees: { 'If-None-Match': '"a"' } }),
    ],
  },
  {
    clause: '§4.3.3',
    title: 'a full answer replaces what was stored',
    presets: ALL,
    steps: [
      forwarded({ ...SHORT, ETag: '"a"', 'X-Old': '1' }),
      forwarded({ ...LONG, ETag: '"b"' }, { after: 20, gets: { 'X-Old': null } }),
      hit({ body: 'body 2', gets: { ETag: '"b"', 'X-Old': null } }),
    ],
  },
  {
    clause: '§4.3.3',
    title: 'a full answer that may not be stored replaces it too',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }),
      forwarded({ 'Cache-Control': 'no-store' }, { after: GONE_BY }),
      forwarded({}, { sees: { 'If-None-Match': null } }),
    ],
  },
  {
    clause: '§4.3.3',
    title: 'a 404 on validation is passed on and takes its place',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }),
      forwarded(LONG, { after: GONE_BY, reply: { status: 404 } }),
      hit({ status: 404, body: 'body 2' }),
    ],
  },
]

/** What a hit carries after a 304 with these fields. */
function merges(title: string, stored: Fields, fresh: Fields, gets: Expected): Row {
  const validator: Fields = { ETag: '"a"' }
  return {
    clause: '§4.3.4',
    title,
    steps: [
      forwarded({ ...SHORT, ...validator, ...stored }),
      forwarded({ ...LONG, ...fresh }, { after: GONE_BY, reply: { status: 304 }, status: 200, gets }),
      hit({ after: 100, gets }),
    ],
  }
}

const MERGE: Row[] = [
  merges('a new value replaces the old', { 'X-A': 'old' }, { 'X-A': 'new' }, { 'X-A': 'new' }),
  merges('all lines of a name are replaced', { 'X-A': ['1', '2'] }, { 'x-a': ['3', '4'] }, { 'X-A': '3, 4' }),
  merges('a field that the 304 leaves out stays', { 'X-A': 'old' }, {}, { 'X-A': 'old' }),
  merges('a field that only the 304 has is added', {}, { 'X-A': 'new' }, { 'X-A': 'new' }),
  merges('Expires is replaced', { Expires: LONG_AGO }, { Expires: AFTER_THAT }, { Expires: AFTER_THAT }),
  merges('Cache-Control is replaced', {}, { 'Cache-Control': 'max-age=777' }, { 'Cache-Control': 'max-age=777' }),
  merges('Last-Modified is replaced', { 'Last-Modified': BEFORE_THAT }, { 'Last-Modified': BEFORE_THAT }, { 'Last-Modified': BEFORE_THAT }),
  merges('Date is replaced', { Date: inSeconds(-1) }, { Date: 'Sun, 06 Nov 2033 08:49:37 GMT' }, { Date: 'Sun, 06 Nov 2033 08:49:37 GMT' }),
  merges('Content-Location is replaced', { 'Content-Location': '/a' }, { 'Content-Location': '/b' }, { 'Content-Location': '/b' }),
  merges(
    'Content-Security-Policy is replaced',
    { 'Content-Security-Policy': 'a' },
    { 'Content-Security-Policy': 'b' },
    { 'Content-Security-Policy': 'b' },
  ),
  merges('Content-Length stays', {}, { 'Content-Length': '999' }, { 'Content-Length': '6' }),
  merges('Content-Type stays', { 'Content-Type': 'text/a' }, { 'Content-Type': 'text/b' }, { 'Content-Type': 'text/a' }),
  merges('Content-Type is not added', {}, { 'Content-Type': 'text/b' }, { 'Content-Type': null }),
  merges('Content-Encoding stays', { 'Content-Encoding': 'x' }, { 'Content-Encoding': 'y' }, { 'Content-Encoding': 'x' }),
  merges('Content-Range is not added', {}, { 'Content-Range': 'bytes 0-1/2' }, { 'Content-Range': null }),
  merges('hop-by-hop fields are not taken', {}, { Connection: 'x-hop', 'X-Hop': '1', 'Keep-Alive': 'timeout=5' }, { 'X-Hop': null }),
  {
    clause: 'DECISIONS 304 merge',
    title: 'a Set-Cookie of the 304 goes to its client alone, and ends sharing',
    presets: ['safe'],
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }),
      forwarded({ ...LONG, 'Set-Cookie': 'a=1' }, { after: GONE_BY, reply: { status: 304 }, gets: { 'Set-Cookie': 'a=1' } }),
      forwarded({ ...LONG }, { sees: { 'If-None-Match': null }, gets: { 'Set-Cookie': null } }),
    ],
  },
  {
    clause: 'DECISIONS 304 merge',
    title: 'a Set-Cookie of the 304 goes to its client alone, and is not stored',
    presets: ['rfc9111'],
    steps: [
      forwarded({ ...SHORT, ETag: '"a"', 'Set-Cookie': 'stored=1' }),
      forwarded({ ...LONG, 'Set-Cookie': 'a=1' }, { after: GONE_BY, reply: { status: 304 }, gets: { 'Set-Cookie': /a=1/ } }),
      hit({ gets: { 'Set-Cookie': 'stored=1' } }),
    ],
  },
  ...['private', 'no-store'].map(
    (directive): Row => ({
      clause: 'DECISIONS 304 merge',
      title: `${directive} on the 304 ends storing`,
      steps: [
        forwarded({ ...SHORT, ETag: '"a"' }),
        forwarded({ 'Cache-Control': directive }, { after: GONE_BY, reply: { status: 304 }, stored: null }),
        forwarded(LONG, { sees: { 'If-None-Match': null } }),
      ],
    }),
  ),
  {
    clause: '§4.3.4',
    title: 'a 304 for another ETag confirms nothing: asked again without conditions',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }),
      {
        after: GONE_BY,
        origin: [{ status: 304, fields: { ETag: '"b"' } }, { fields: LONG }],
        sees: [{ 'If-None-Match': '"a"' }, { 'If-None-Match': null }],
      },
      hit({ body: 'body 2' }),
    ],
  },
  {
    clause: '§4.3.4',
    title: 'a 304 renews whatever status was stored',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }, { reply: { status: 404 } }),
      forwarded(LONG, { after: GONE_BY, reply: { status: 304 }, status: 404 }),
      hit({ status: 404 }),
    ],
  },
  {
    clause: '§4.3.4',
    title: 'a heuristic life is computed anew',
    steps: [
      forwarded({ 'Last-Modified': inSeconds(-100) }),
      forwarded({}, { after: 900, reply: { status: 304 } }),
      hit({ after: 99 }),
      forwarded({}, { after: 1 }),
    ],
  },
]

/** What a client's condition gets from a fresh object. */
function condition(clause: string, title: string, stored: Fields, asked: Fields, status: number, presets = ALL): Row {
  return {
    clause,
    title: `${title}: ${status}`,
    presets,
    steps: [forwarded({ ...LONG, ...stored }), hit({ asks: asked, status, gets: { 'X-Cache': 'HIT' } })],
  }
}

const etag: Fields = { ETag: '"a"' }
const modified: Fields = { 'Last-Modified': LONG_AGO }

const CONDITIONS: Row[] = [
  condition('RFC 9110 §13.1.2', 'an equal ETag', etag, { 'If-None-Match': '"a"' }, 304),
  condition('RFC 9110 §13.1.2', 'another ETag', etag, { 'If-None-Match': '"b"' }, 200),
  condition('RFC 9110 §13.1.2', 'one of a list', etag, { 'If-None-Match': '"b", "a"' }, 304),
  condition('RFC 9110 §13.1.2', 'one of several lines', etag, { 'If-None-Match': ['"b"', '"a"'] }, 304),
  condition('RFC 9110 §13.1.2', 'any', etag, { 'If-None-Match': '*' }, 304),
  condition('RFC 9110 §8.8.3.2', 'weak against strong', etag, { 'If-None-Match': 'W/"a"' }, 304),
  condition('RFC 9110 §8.8.3.2', 'strong against weak', { ETag: 'W/"a"' }, { 'If-None-Match': '"a"' }, 304),
  condition('RFC 9110 §8.8.3', 'a comma inside', { ETag: '"a,b"' }, { 'If-None-Match': '"a,b"' }, 304),
  condition('RFC 9110 §8.8.3', 'another case', etag, { 'If-None-Match': '"A"' }, 200),
  condition('RFC 9110 §13.1.2', 'an ETag where none is stored', modified, { 'If-None-Match': '"a"' }, 200),
  condition(
    'RFC 9110 §13.2.2',
    'another ETag before a date that holds',
    { ...etag, ...modified },
    { 'If-None-Match': '"b"', 'If-Modified-Since': LONG_AGO },
    200,
  ),
  condition(
    'RFC 9110 §13.2.2',
    'an equal ETag before a date that does not hold',
    { ...etag, ...modified },
    { 'If-None-Match': '"a"', 'If-Modified-Since': BEFORE_THAT },
    304,
  ),
  condition('RFC 9110 §13.1.3', 'not modified since', modified, { 'If-Modified-Since': LONG_AGO }, 304),
  condition('RFC 9110 §13.1.3', 'not modified since later', modified, { 'If-Modified-Since': AFTER_THAT }, 304),
  condition('RFC 9110 §13.1.3', 'modified since', modified, { 'If-Modified-Since': BEFORE_THAT }, 200),
  condition('RFC 9110 §5.6.7', 'a date in the RFC 850 form', modified, { 'If-Modified-Since': 'Thursday, 01-Jan-15 00:00:00 GMT' }, 304),
  condition('RFC 9110 §5.6.7', 'a date in the asctime form', modified, { 'If-Modified-Since': 'Thu Jan  1 00:00:00 2015' }, 304),
  condition('RFC 9110 §13.1.3', 'a date that cannot be read', modified, { 'If-Modified-Since': 'yesterday' }, 200),
  condition(
    'DECISIONS If-Modified-Since',
    'before Date, without Last-Modified',
    { 'Cache-Control': 'max-age=999999999', Date: LONG_AGO },
    { 'If-Modified-Since': BEFORE_THAT },
    200,
    BOTH,
  ),
  condition(
    'DECISIONS If-Modified-Since',
    'after Date, without Last-Modified',
    { 'Cache-Control': 'max-age=999999999', Date: LONG_AGO },
    { 'If-Modified-Since': AFTER_THAT },
    304,
    BOTH,
  ),
  {
    clause: 'RFC 9110 §15.4.5',
    title: 'a 304 of our own carries ETag, Cache-Control, Date, Expires, Vary, Content-Location and Age, and no length',
    presets: ALL,
    steps: [
      forwarded({
        ...LONG,
        ETag: '"a"',
        Date: inSeconds(0),
        Expires: inSeconds(60),
        Vary: 'Foo',
        'Content-Location': '/x',
        'Content-Type': 'text/a',
      }),
      hit({
        after: 3,
        asks: { 'If-None-Match': '"a"' },
        status: 304,
        gets: {
          ETag: '"a"',
          'Cache-Control': 'max-age=1000',
          Date: /GMT$/,
          Expires: /GMT$/,
          Vary: 'Foo',
          'Content-Location': '/x',
          Age: '3',
          'Content-Length': null,
          'Content-Type': null,
        },
      }),
    ],
  },
  ...[
    { client: '"a"', status: 304 },
    { client: '"b"', status: 200 },
  ].map(
    ({ client, status }): Row => ({
      clause: '§4.3.2',
      title: `If-None-Match: ${client} is judged after the validation, against what it confirmed: ${status}`,
      steps: [
        forwarded({ ...SHORT, ETag: '"a"' }),
        forwarded(LONG, {
          after: GONE_BY,
          asks: { 'If-None-Match': client },
          reply: { status: 304 },
          status,
          sees: { 'If-None-Match': '"a"' },
        }),
        hit(),
      ],
    }),
  ),
  {
    clause: '§4.3.2',
    title: 'If-None-Match is judged against the new answer that validation brought',
    steps: [
      forwarded({ ...SHORT, ETag: '"a"' }),
      forwarded(
        { ...LONG, ETag: '"b"' },
        { after: GONE_BY, asks: { 'If-None-Match': '"b"' }, status: 304, sees: { 'If-None-Match': '"a"' } },
      ),
      hit({ body: 'body 2' }),
    ],
  },
  {
    clause: '§4.3.2',
    title: 'If-None-Match on a miss is judged against what was fetched',
    steps: [forwarded({ ...LONG, ETag: '"a"' }, { asks: { 'If-None-Match': '"a"' }, status: 304 }), hit()],
  },
  {
    clause: '§4.3.2',
    title: 'a condition on a stored 404 is not judged',
    steps: [forwarded({ ...LONG, ETag: '"a"' }, { reply: { status: 404 } }), hit({ asks: { 'If-None-Match': '"a"' }, status: 404 })],
  },
  ...['If-Match', 'If-Unmodified-Since'].map(
    (name): Row => ({
      clause: '§4.3.2',
      title: `${name} goes to the origin`,
      presets: ALL,
      steps: [
        forwarded({ ...LONG, ...etag }),
        forwarded({}, { asks: { [name]: LONG_AGO }, sees: { [name]: LONG_AGO }, reply: { status: 412 } }),
        hit(),
      ],
    }),
  ),
]

rows('validation requests', REQUESTS)
rows('freshening by a 304', MERGE)
rows('conditions of the client', CONDITIONS)
