/** RFC 9111 §4.2, §5.1, §5.3 and RFC 9213 through the whole server: how long an answer serves, and the Age it is served with. */
import { ALL, BOTH, type Expected, type Fields, forwarded, hit, inSeconds, LONG_AGO, type Row, rows } from './rig.ts'

const DAY = 86_400

/** Serves for so long and, where nothing allows more, no longer. */
function lives(clause: string, title: string, fields: Fields, fresh: number, presets = BOTH): Row[] {
  // Under `varnish` default_grace follows.
  return presets.map((preset) => ({
    clause,
    title: `${title}: fresh for ${fresh} s and no longer`,
    presets: [preset],
    steps: [forwarded(fields), hit({ after: fresh - 1 }), forwarded({}, { after: preset === 'varnish' ? 12 : 1 })],
  }))
}

function notReused(clause: string, title: string, fields: Fields, presets = BOTH): Row {
  return { clause, title: `${title}: not reused`, presets, steps: [forwarded(fields), forwarded(fields)] }
}

const EXPLICIT: Row[] = [
  ...lives('§5.2.2.1', 'max-age', { 'Cache-Control': 'max-age=60' }, 60, ALL),
  ...lives('§5.2.2.10', 's-maxage wins over a longer max-age', { 'Cache-Control': 'max-age=600, s-maxage=60' }, 60, ALL),
  ...lives('§5.2.2.10', 's-maxage wins over a shorter max-age', { 'Cache-Control': 's-maxage=60, max-age=1' }, 60, ALL),
  ...lives('§5.3', 'Expires less Date', { Expires: inSeconds(60) }, 60, BOTH),
  ...lives('§5.3', 'max-age wins over a past Expires', { 'Cache-Control': 'max-age=60', Expires: inSeconds(-DAY) }, 60),
  ...lives('§5.3', 'max-age wins over an invalid Expires', { 'Cache-Control': 'max-age=60', Expires: '0' }, 60),
  ...lives('§4.2.1', 'max-age on another line', { 'Cache-Control': ['foo', 'max-age=60'] }, 60),
  ...lives('§5.2', 'directive names in any case', { 'cache-control': 'MaX-aGe=60' }, 60),
  ...lives('§5.2', 'a quoted value', { 'Cache-Control': 'max-age="60"' }, 60),
  ...lives('§5.2', 'a directive inside a quoted string does not count', { 'Cache-Control': 'ext="max-age=1, x", max-age=60' }, 60),
  ...lives('§4.2.1', 'the first of two max-age', { 'Cache-Control': 'max-age=60, max-age=600' }, 60),
  ...lives('§5.2.3', 'an unknown directive changes nothing', { 'Cache-Control': 'max-age=60, community="UCI"' }, 60),
  ...lives('RFC 8246 §2', 'immutable does not lengthen the life', { 'Cache-Control': 'max-age=60, immutable' }, 60),
  notReused('§5.2.2.1', 'max-age=0', { 'Cache-Control': 'max-age=0' }),
  notReused('§4.2.1', 'a negative max-age', { 'Cache-Control': 'max-age=-60' }),
  notReused('§4.2.1', 'a max-age with letters', { 'Cache-Control': 'max-age=60a' }),
  notReused('§5.2.2.10', 's-maxage=0', { 'Cache-Control': 'max-age=60, s-maxage=0' }, ALL),
  notReused('§5.3', 'Expires in the past', { Expires: inSeconds(-1) }),
  notReused('§5.3', 'Expires equal to Date', { Expires: inSeconds(0) }),
  notReused('§5.3', 'an invalid Expires', { Expires: '0', 'Last-Modified': LONG_AGO }),
  notReused('§5.3', 'Expires before a Date that lies in the future', { Date: inSeconds(DAY), Expires: inSeconds(DAY - 1) }),
  notReused('§4.2.2', 'neither explicit freshness nor Last-Modified', {}),
  {
    clause: '§4.2.1',
    title: 'a max-age beyond 2^31 is fresh for days',
    steps: [forwarded({ 'Cache-Control': 'max-age=99999999999' }), hit({ after: 3 * DAY })],
  },
  {
    clause: '§5.3',
    title: 'Expires counts from receipt where Date is missing',
    steps: [forwarded({ Expires: inSeconds(60) }, { reply: { noDate: true } }), hit({ after: 59 }), forwarded({}, { after: 1 })],
  },
]

const HEURISTIC: Row[] = [
  {
    clause: '§4.2.2',
    title: 'a tenth of the time since Last-Modified',
    steps: [forwarded({ 'Last-Modified': inSeconds(-1000) }), hit({ after: 99 }), forwarded({ 'Last-Modified': LONG_AGO }, { after: 1 })],
  },
  {
    clause: 'DECISIONS lifetime source',
    title: 'there is a default ttl of 120 s instead of heuristic freshness',
    presets: ['varnish'],
    steps: [forwarded({ 'Last-Modified': LONG_AGO }), hit({ after: 119 }), forwarded({}, { after: 60 })],
  },
  ...[200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].map(
    (status): Row => ({
      clause: '§4.2.2',
      title: `${status} may be fresh heuristically`,
      steps: [forwarded({ 'Last-Modified': LONG_AGO }, { reply: { status } }), hit({ after: 60, status })],
    }),
  ),
  ...[201, 202, 302, 303, 307, 403, 500, 502, 503, 504, 599].map(
    (status): Row => ({
      clause: '§4.2.2',
      title: `${status} is never fresh heuristically`,
      steps: [forwarded({ 'Last-Modified': LONG_AGO }, { reply: { status } }), forwarded({}, { reply: { status: 200 } })],
    }),
  ),
  {
    clause: '§4.2.2',
    title: 'any status may be fresh heuristically with public',
    steps: [
      forwarded({ 'Last-Modified': LONG_AGO, 'Cache-Control': 'public' }, { reply: { status: 599 } }),
      hit({ after: 60, status: 599 }),
    ],
  },
]

/** The Age that the origin sent, and what counts of it. */
const AGES: [clause: string, title: string, fields: Fields, age: number][] = [
  ['§4.2.3', 'no Age', {}, 0],
  ['§5.1', 'Age', { Age: '30' }, 30],
  ['§5.1', 'leading zeros', { Age: '0030' }, 30],
  ['§5.1', 'an Age that is no number', { Age: 'abc' }, 0],
  ['§5.1', 'a negative Age', { Age: '-30' }, 0],
  ['§5.1', 'a fractional Age', { Age: '30.0' }, 0],
  ['DECISIONS Age', 'the first member of a list', { Age: '30, 0' }, 30],
  ['DECISIONS Age', 'the first line of two', { Age: ['0', '30'] }, 0],
  ['§4.2.3', 'a Date in the past', { Date: inSeconds(-40) }, 40],
  ['§4.2.3', 'the larger of Date and Age', { Date: inSeconds(-40), Age: '30' }, 40],
  ['§4.2.3', 'a Date in the future', { Date: inSeconds(DAY) }, 0],
  ['§4.2.3', 'a Date that cannot be read', { Date: 'yesterday', Age: '30' }, 30],
]

const AGE: Row[] = [
  ...AGES.map(
    ([clause, title, fields, age]): Row => ({
      clause,
      title: `${title} arrives as ${age} and is counted on`,
      steps: [
        forwarded({ 'Cache-Control': 'max-age=100', ...fields }),
        hit({ gets: { Age: String(age) } }),
        hit({ after: 5, gets: { Age: String(age + 5) } }),
        hit({ after: 94 - age, gets: { Age: '99' } }),
        forwarded({}, { after: 1 }),
      ],
    }),
  ),
  {
    clause: '§5.1',
    title: 'a forwarded answer keeps the origin’s Age exactly',
    presets: ALL,
    steps: [forwarded({ 'Cache-Control': 'max-age=100', Age: '0030' }, { gets: { Age: '0030' } })],
  },
  {
    clause: '§4.2.3',
    title: 'an answer older than its lifetime is not reused',
    steps: [forwarded({ 'Cache-Control': 'max-age=100', Age: '100' }), forwarded()],
  },
  {
    clause: '§4.2.3',
    title: 'the largest Age does not overflow',
    steps: [forwarded({ 'Cache-Control': 'max-age=2147483648', Age: '99999999999' }), forwarded()],
  },
  {
    clause: '§4.3.4',
    title: 'Age starts again from a 304',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=10', ETag: '"a"', Age: '7' }),
      forwarded({ 'Cache-Control': 'max-age=10', ETag: '"a"' }, { after: 5, reply: { status: 304 }, gets: { Age: '0' } }),
      hit({ after: 4, gets: { Age: '4' } }),
    ],
  },
  {
    clause: '§4.3.4',
    title: 'Age goes on from that of a 304',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=10', ETag: '"a"' }),
      forwarded({ ETag: '"a"', Age: '3' }, { after: 11, reply: { status: 304 }, gets: { Age: '3' } }),
      hit({ after: 4, gets: { Age: '7' } }),
      forwarded({}, { after: 3 }),
    ],
  },
  {
    clause: 'DECISIONS Date on a hit',
    title: 'a hit carries the stored Date',
    presets: ALL,
    steps: [
      forwarded({ 'Cache-Control': 'max-age=9999', Date: 'Sun, 06 Nov 2033 08:49:37 GMT' }),
      hit({ after: 60, gets: { Date: 'Sun, 06 Nov 2033 08:49:37 GMT' } }),
    ],
  },
]

const CDN = 'CDN-Cache-Control'
const OURS = 'Clearcoat-Cache-Control'

const TARGETED: Row[] = [
  ...lives('RFC 9213 §2.2', 'CDN-Cache-Control wins over a longer max-age', { [CDN]: 'max-age=60', 'Cache-Control': 'max-age=600' }, 60),
  ...lives('RFC 9213 §2.2', 'CDN-Cache-Control wins over a shorter s-maxage', { [CDN]: 'max-age=60', 'Cache-Control': 's-maxage=1' }, 60),
  ...lives('RFC 9213 §2.2', 'CDN-Cache-Control wins over Expires', { [CDN]: 'max-age=60', Expires: inSeconds(-1) }, 60),
  ...lives('RFC 9213 §2.2', 'CDN-Cache-Control wins over no-store', { [CDN]: 'max-age=60', 'Cache-Control': 'no-store' }, 60),
  ...lives(
    'RFC 9213 §2.2',
    'CDN-Cache-Control wins over private and no-cache',
    { [CDN]: 'max-age=60', 'Cache-Control': 'private, no-cache' },
    60,
  ),
  ...lives('RFC 9213 §2.2', 'our own field wins over CDN-Cache-Control', { [OURS]: 'max-age=60', [CDN]: 'no-store' }, 60),
  ...lives('RFC 9213 §2.1', 'a member with a wrong type is left out', { [CDN]: 'max-age="600"', 'Cache-Control': 'max-age=60' }, 60),
  ...lives('RFC 9213 §2.1', 'a field that is no dictionary is left out', { [CDN]: 'max-age=600, &&&&', 'Cache-Control': 'max-age=60' }, 60),
  ...lives('RFC 9213 §2.1', 'an empty field is left out', { [CDN]: '', 'Cache-Control': 'max-age=60' }, 60),
  ...lives('RFC 9213 §2.1', 'its names are lower case', { [CDN]: 'MAX-AGE=600', 'Cache-Control': 'max-age=60' }, 60),
  ...lives('RFC 9213 §2.1', 'parameters do not matter', { [CDN]: 'max-age=60;a=1' }, 60),
  ...lives('RFC 9213 §2.2', 'Age counts', { [CDN]: 'max-age=100', Age: '40' }, 60),
  ...lives(
    'DECISIONS lifetime source',
    'Surrogate-Control wins over max-age',
    { 'Surrogate-Control': 'max-age=60', 'Cache-Control': 'max-age=5' },
    60,
    ['safe'],
  ),
  ...lives(
    'DECISIONS lifetime source',
    'Surrogate-Control does not count',
    { 'Surrogate-Control': 'max-age=600', 'Cache-Control': 'max-age=60' },
    60,
    ['rfc9111', 'varnish'],
  ),
  ...lives('DECISIONS lifetime source', 'CDN-Cache-Control does not count', { [CDN]: 'max-age=600', 'Cache-Control': 'max-age=60' }, 60, [
    'varnish',
  ]),
  ...['no-store', 'private', 'max-age=0'].map((value) =>
    notReused('RFC 9213 §2.2', `CDN-Cache-Control: ${value} against max-age`, { [CDN]: value, 'Cache-Control': 'max-age=60' }),
  ),
  {
    clause: 'RFC 9213 §2.2',
    title: 'CDN-Cache-Control: no-cache asks every time',
    steps: [
      forwarded({ [CDN]: 'no-cache', 'Cache-Control': 'max-age=60', ETag: '"a"' }),
      forwarded({}, { reply: { status: 304 }, sees: { 'If-None-Match': '"a"' } }),
    ],
  },
  ...delivered('CDN-Cache-Control is forwarded', { [CDN]: 'max-age=60' }, { [CDN]: 'max-age=60' }, ALL),
  ...delivered('our own field is removed', { [OURS]: 'max-age=60' }, { [OURS]: null }, ALL),
  ...delivered('Surrogate-Control is removed', { 'Surrogate-Control': 'max-age=60' }, { 'Surrogate-Control': null }, BOTH),
  ...delivered('Surrogate-Control is kept', { 'Surrogate-Control': 'max-age=60' }, { 'Surrogate-Control': 'max-age=60' }, ['varnish']),
]

/** Through a miss and through a hit. */
function delivered(title: string, fields: Fields, gets: Expected, presets = BOTH): Row[] {
  const all = { 'Cache-Control': 'max-age=60', ...fields }
  return [{ clause: 'DECISIONS targeted fields', title, presets, steps: [forwarded(all, { gets }), hit({ gets })] }]
}

rows('explicit freshness', EXPLICIT)
rows('heuristic freshness', HEURISTIC)
rows('Age', AGE)
rows('targeted fields', TARGETED)
