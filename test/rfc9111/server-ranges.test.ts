/** RFC 9111 §3.3, §3.4 and RFC 9110 §14 through the whole server: ranges from the whole, stored parts, and their completion. */
import {
  AFTER_THAT,
  ALL,
  BEFORE_THAT,
  BOTH,
  type Expected,
  type Fields,
  forwarded,
  hit,
  LONG_AGO,
  type Reply,
  type Row,
  rows,
  type Step,
} from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' }
const WHOLE = '0123456789'
const whole = (fields: Fields = {}, more: Step = {}): Step => ({ ...more, origin: { fields: { ...FRESH, ...fields }, body: WHOLE } })
const asks = (range: string, more: Fields = {}): Fields => ({ Range: range, ...more })

/** What a range of a stored whole gets. */
function from(title: string, range: string, status: number, body: string, gets: Expected = {}, presets: Row['presets'] = ALL): Row {
  return {
    clause: 'RFC 9110 §14.2',
    title: `${range}: ${title}`,
    presets,
    steps: [whole(), hit({ asks: asks(range), status, body, gets })],
  }
}

const unsatisfied: Expected = { 'Content-Range': 'bytes */10', 'Content-Type': null }

const FROM_WHOLE: Row[] = [
  from('from and to', 'bytes=2-4', 206, '234', {
    'Content-Range': 'bytes 2-4/10',
    'Content-Length': '3',
    'Content-Type': 'text/plain',
    Age: '0',
    'Cache-Control': 'max-age=60',
  }),
  from('one byte', 'bytes=0-0', 206, '0', { 'Content-Range': 'bytes 0-0/10' }),
  from('to the end', 'bytes=7-', 206, '789', { 'Content-Range': 'bytes 7-9/10' }),
  from('beyond the end', 'bytes=7-99', 206, '789', { 'Content-Range': 'bytes 7-9/10' }),
  from('the last bytes', 'bytes=-3', 206, '789', { 'Content-Range': 'bytes 7-9/10' }),
  from('more last bytes than there are', 'bytes=-99', 206, WHOLE, { 'Content-Range': 'bytes 0-9/10' }),
  from('the unit in another case', 'Bytes=2-4', 206, '234', {}),
  from('behind the end', 'bytes=10-', 416, '', unsatisfied),
  from('no last bytes', 'bytes=-0', 416, '', unsatisfied),
  from('backwards', 'bytes=4-2', 200, WHOLE, { 'Content-Range': null }, BOTH),
  from('backwards', 'bytes=4-2', 416, '', unsatisfied, ['varnish']),
  from('another unit', 'lines=1-2', 200, WHOLE),
  from('no range', 'bytes=x', 200, WHOLE, {}, BOTH),
  from('no range', 'bytes=x', 416, '', unsatisfied, ['varnish']),
  {
    clause: 'RFC 9110 §15.3.7.2',
    title: 'two ranges come as multipart/byteranges',
    presets: ALL,
    steps: [
      whole(),
      hit({
        asks: asks('bytes=0-1, 4-5'),
        status: 206,
        body: null,
        gets: { 'Content-Type': /^multipart\/byteranges; boundary=/, 'Content-Range': null },
      }),
    ],
  },
  {
    clause: 'RFC 9110 §14.2',
    title: 'a range of a stored 404 is not cut',
    presets: ALL,
    steps: [forwarded(FRESH, { reply: { status: 404 } }), hit({ asks: asks('bytes=0-1'), status: 404 })],
  },
  {
    clause: 'RFC 9110 §13.2.2',
    title: 'a condition that does not hold comes before Range',
    presets: ALL,
    steps: [whole({ ETag: '"a"' }), hit({ asks: asks('bytes=0-1', { 'If-None-Match': '"a"' }), status: 304 })],
  },
  {
    clause: 'RFC 9111 §4.3.4',
    title: 'a range of a stale whole is validated as a whole and cut from it',
    steps: [
      whole({ ETag: '"a"', 'Cache-Control': 'max-age=5' }),
      forwarded(FRESH, {
        after: 6,
        asks: asks('bytes=2-4'),
        reply: { status: 304 },
        status: 206,
        body: '234',
        sees: { 'If-None-Match': '"a"' },
      }),
      hit({ body: WHOLE }),
    ],
  },
]

/** If-Range against a stored whole with these validators. */
function ifRange(title: string, stored: Fields, value: string, holds: boolean, presets = ALL): Row {
  return {
    clause: 'RFC 9110 §13.1.5',
    title: `If-Range with ${title} ${holds ? 'holds' : 'does not hold'}`,
    presets,
    steps: [
      whole(stored),
      hit({ asks: asks('bytes=2-4', { 'If-Range': value }), ...(holds ? { status: 206, body: '234' } : { status: 200, body: WHOLE }) }),
    ],
  }
}

const IF_RANGE: Row[] = [
  ifRange('the stored strong ETag', { ETag: '"a"' }, '"a"', true),
  ifRange('another ETag', { ETag: '"a"' }, '"b"', false),
  ifRange('the stored weak ETag', { ETag: 'W/"a"' }, 'W/"a"', false),
  ifRange('the weak form of the stored ETag', { ETag: '"a"' }, 'W/"a"', false),
  ifRange('the stored Last-Modified', { 'Last-Modified': LONG_AGO }, LONG_AGO, true),
  ifRange('an earlier date', { 'Last-Modified': LONG_AGO }, BEFORE_THAT, false),
  ifRange('a later date', { 'Last-Modified': LONG_AGO }, AFTER_THAT, false, BOTH),
  ifRange(
    'a Last-Modified that is not a second older than Date',
    { 'Last-Modified': LONG_AGO, Date: LONG_AGO, 'Cache-Control': 'max-age=999999999' },
    LONG_AGO,
    false,
    BOTH,
  ),
]

/** A 206 with these bytes of the whole. */
const part = (first: number, last: number, fields: Fields = {}, total: number | '*' = 10): Reply => ({
  status: 206,
  fields: { ...FRESH, 'Content-Range': `bytes ${first}-${last}/${total}`, ...fields },
  body: WHOLE.slice(first, last + 1),
})
const partial = (range: string, reply: Reply, more: Step = {}): Step => ({
  asks: asks(range),
  origin: reply,
  ...more,
  sees: { Range: range, ...more.sees },
})
const cut = (range: string, body: string, contentRange: string): Step =>
  hit({ asks: asks(range), status: 206, body, gets: { 'Content-Range': contentRange } })

const PARTS: Row[] = [
  {
    clause: 'DECISIONS miss with Range',
    title: 'is forwarded unchanged, and the 206 answers the same range',
    steps: [partial('bytes=2-4', part(2, 4), { gets: { 'Content-Range': 'bytes 2-4/10' } }), cut('bytes=2-4', '234', 'bytes 2-4/10')],
  },
  {
    clause: 'DECISIONS miss with Range',
    title: 'the whole object is fetched and the range cut from it',
    presets: ['varnish'],
    steps: [
      { ...whole(), asks: asks('bytes=2-4'), sees: { Range: null }, status: 206, body: '234', gets: { 'Content-Range': 'bytes 2-4/10' } },
      hit({ body: WHOLE }),
    ],
  },
  {
    clause: 'RFC 9111 §3.3',
    title: 'a part answers every range within it',
    steps: [partial('bytes=2-6', part(2, 6)), cut('bytes=3-4', '34', 'bytes 3-4/10'), cut('bytes=6-6', '6', 'bytes 6-6/10')],
  },
  {
    clause: 'RFC 9111 §3.3',
    title: 'a part at the end answers open and suffix ranges within it',
    steps: [
      partial('bytes=5-', part(5, 9)),
      cut('bytes=7-', '789', 'bytes 7-9/10'),
      cut('bytes=-2', '89', 'bytes 8-9/10'),
      cut('bytes=8-99', '89', 'bytes 8-9/10'),
    ],
  },
  {
    clause: 'RFC 9111 §3.3',
    title: 'a range beyond the part is asked for',
    steps: [partial('bytes=2-4', part(2, 4)), partial('bytes=4-6', part(4, 6)), partial('bytes=0-2', part(0, 2))],
  },
  {
    clause: 'RFC 9111 §3.3',
    title: 'a part that does not begin at 0 answers no plain GET',
    steps: [partial('bytes=2-4', part(2, 4)), whole({}, { sees: { Range: null } }), hit({ body: WHOLE })],
  },
  {
    clause: 'RFC 9111 §4.2',
    title: 'a stale part answers nothing',
    steps: [partial('bytes=2-4', part(2, 4)), partial('bytes=2-4', part(2, 4), { after: 61 })],
  },
  {
    clause: 'DECISIONS plain GET',
    title: 'the rest of a fresh part is asked for, and joined under an equal strong ETag',
    steps: [
      partial('bytes=0-4', part(0, 4, { ETag: '"a"' })),
      {
        origin: part(5, 9, { ETag: '"a"' }),
        sees: { Range: 'bytes=5-' },
        status: 200,
        body: WHOLE,
        gets: { 'Content-Range': null, 'Content-Length': '10' },
      },
      hit({ body: WHOLE, gets: { 'Content-Range': null } }),
      cut('bytes=3-6', '3456', 'bytes 3-6/10'),
    ],
  },
  {
    clause: 'DECISIONS plain GET',
    title: 'a 200 replaces the part',
    steps: [
      partial('bytes=0-4', part(0, 4, { ETag: '"a"' })),
      whole({ ETag: '"b"' }, { sees: { Range: 'bytes=5-' } }),
      hit({ body: WHOLE, gets: { ETag: '"b"' } }),
    ],
  },
  ...(
    [
      ['another ETag', { ETag: '"a"' }, part(5, 9, { ETag: '"b"' })],
      ['weak ETags', { ETag: 'W/"a"' }, part(5, 9, { ETag: 'W/"a"' })],
      ['no ETag', {}, part(5, 9)],
      ['a range that does not touch', { ETag: '"a"' }, part(6, 9, { ETag: '"a"' })],
      ['a range that overlaps', { ETag: '"a"' }, part(4, 9, { ETag: '"a"' })],
      ['a range that ends too early', { ETag: '"a"' }, part(5, 8, { ETag: '"a"' })],
      ['a 416', { ETag: '"a"' }, { status: 416, fields: { 'Content-Range': 'bytes */5' }, body: '' }],
    ] as [string, Fields, Reply][]
  ).map(
    ([title, stored, rest]): Row => ({
      clause: 'DECISIONS plain GET',
      title: `${title} joins nothing: fetched whole`,
      steps: [
        partial('bytes=0-4', part(0, 4, stored)),
        {
          origin: [rest, { fields: FRESH, body: 'another whole' }],
          sees: [{ Range: 'bytes=5-' }, { Range: null, 'If-Range': null }],
          status: 200,
          body: 'another whole',
        },
        hit({ body: 'another whole' }),
      ],
    }),
  ),
  {
    clause: 'RFC 9111 §3.3',
    title: 'a whole that is stored answers ranges after a part was',
    steps: [partial('bytes=2-4', part(2, 4)), whole(), cut('bytes=0-1', '01', 'bytes 0-1/10')],
  },
  {
    clause: 'RFC 9111 §3.1',
    title: 'a 200 to a Range is stored whole and answers later ranges',
    steps: [
      { ...whole({}, { asks: asks('bytes=2-4'), sees: { Range: 'bytes=2-4' } }), body: null, status: 206 },
      cut('bytes=0-1', '01', 'bytes 0-1/10'),
      hit({ body: WHOLE }),
    ],
  },
  ...(
    [
      ['4-9/10 on five bytes', 'bytes 4-9/10'],
      ['backwards', 'bytes 9-4/10'],
      ['beyond its total', 'bytes 4-10/10'],
      ['of another unit', 'lines 0-4/10'],
      ['that cannot be read', 'x'],
    ] as [string, string][]
  ).map(
    ([title, contentRange]): Row => ({
      clause: 'DECISIONS self-contradictory Content-Range',
      title: `${title}: relayed and not stored`,
      steps: [
        partial(
          'bytes=4-9',
          { ...part(0, 4), fields: { ...FRESH, 'Content-Range': contentRange } },
          { stored: null, gets: { 'Content-Range': contentRange } },
        ),
        partial('bytes=4-9', part(4, 9)),
      ],
    }),
  ),
  {
    clause: 'RFC 9111 §3.3',
    title: 'a part of unknown total is stored and says so',
    steps: [partial('bytes=2-4', part(2, 4, {}, '*')), cut('bytes=2-3', '23', 'bytes 2-3/*')],
  },
  {
    clause: 'RFC 9110 §15.5.17',
    title: 'a 416 is relayed and not stored',
    steps: [
      partial('bytes=20-', { status: 416, fields: { ...FRESH, 'Content-Range': 'bytes */10' }, body: '' }, { stored: null }),
      whole(),
    ],
  },
  ...(
    [
      ['the ETag', { 'If-None-Match': '"a"' }, true],
      ['another ETag', { 'If-None-Match': '"b"' }, false],
      ['the date', { 'If-Modified-Since': LONG_AGO }, true],
      ['an earlier date', { 'If-Modified-Since': BEFORE_THAT }, false],
    ] as [string, Fields, boolean][]
  ).map(
    ([title, condition, holds]): Row => ({
      clause: 'RFC 9111 §4.3.2',
      title: `a condition with ${title} of a stored part is judged: ${holds ? 304 : 206}`,
      steps: [
        partial('bytes=2-4', part(2, 4, { ETag: '"a"', 'Last-Modified': LONG_AGO })),
        holds
          ? hit({ asks: asks('bytes=2-3', condition), status: 304, gets: { 'Content-Range': null, ETag: '"a"' } })
          : hit({ asks: asks('bytes=2-3', condition), status: 206, body: '23' }),
      ],
    }),
  ),
  {
    clause: 'RFC 9110 §13.1.5',
    title: 'If-Range goes to the origin with its Range on a miss',
    steps: [
      {
        asks: asks('bytes=2-4', { 'If-Range': '"a"' }),
        origin: part(2, 4, { ETag: '"a"' }),
        sees: { Range: 'bytes=2-4', 'If-Range': '"a"' },
      },
    ],
  },
  {
    clause: 'RFC 9110 §13.1.5',
    title: 'If-Range with another ETag than a stored part’s is not answered from the part',
    steps: [
      partial('bytes=2-4', part(2, 4, { ETag: '"a"' })),
      { ...whole({ ETag: '"b"' }, { asks: asks('bytes=2-4', { 'If-Range': '"b"' }) }), body: null, status: 206 },
    ],
  },
]

rows('ranges from the whole', FROM_WHOLE)
rows('If-Range', IF_RANGE)
rows('parts', PARTS)
