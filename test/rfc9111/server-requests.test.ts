/** RFC 9111 §5.2.1 through the whole server: what a client's own Cache-Control changes. */
import { type Fields, forwarded, hit, type Row, rows, type Step } from './rig.ts'

const FRESH: Fields = { 'Cache-Control': 'max-age=60' }

const asking = (value: string, more: Step = {}): Step => ({ ...more, asks: { 'Cache-Control': value, ...more.asks } })

const HONOURED: Row[] = [
  {
    clause: '§5.2.1.4',
    title: 'no-cache asks the origin, and its answer serves the next',
    steps: [forwarded(FRESH), asking('no-cache', forwarded(FRESH)), hit({ body: 'body 2' })],
  },
  {
    clause: '§5.2.1.4',
    title: 'no-cache validates what is stored',
    steps: [
      forwarded({ ...FRESH, ETag: '"a"' }),
      asking('no-cache', forwarded(FRESH, { reply: { status: 304 }, sees: { 'If-None-Match': '"a"', 'Cache-Control': 'no-cache' } })),
      hit(),
    ],
  },
  {
    clause: '§5.4',
    title: 'Pragma: no-cache without Cache-Control is no-cache',
    steps: [forwarded(FRESH), forwarded(FRESH, { asks: { Pragma: 'no-cache' } })],
  },
  {
    clause: '§5.4',
    title: 'Pragma: no-cache beside Cache-Control does not count',
    steps: [forwarded(FRESH), hit({ asks: { Pragma: 'no-cache', 'Cache-Control': 'max-stale' } })],
  },
  {
    clause: '§5.4',
    title: 'another Pragma does not count',
    steps: [forwarded(FRESH), hit({ asks: { Pragma: 'foo' } })],
  },
  {
    clause: '§5.2.1.5',
    title: 'no-store is not answered from the cache, and its answer is not stored',
    steps: [asking('no-store', forwarded(FRESH, { stored: null })), forwarded(FRESH), hit({ body: 'body 2' })],
  },
  {
    clause: '§5.2.1.1',
    title: 'max-age=0 asks the origin',
    steps: [forwarded(FRESH), asking('max-age=0', forwarded(FRESH, { after: 1 }))],
  },
  {
    clause: '§5.2.1.1',
    title: 'max-age is a limit on the age',
    steps: [forwarded(FRESH), asking('max-age=10', hit({ after: 10 })), asking('max-age=10', forwarded(FRESH, { after: 1 }))],
  },
  {
    clause: '§5.2.1.1',
    title: 'max-age counts the Age that an answer came with',
    steps: [forwarded({ ...FRESH, Age: '20' }), asking('max-age=10', forwarded(FRESH))],
  },
  {
    clause: '§5.2.1.3',
    title: 'min-fresh is a limit on what is left of the life',
    steps: [forwarded(FRESH), asking('min-fresh=30', hit({ after: 30 })), asking('min-fresh=30', forwarded(FRESH, { after: 1 }))],
  },
  {
    clause: '§5.2.1.2',
    title: 'max-stale takes what is stale for no longer than that',
    steps: [
      forwarded({ 'Cache-Control': 'max-age=10' }),
      asking('max-stale=20', { after: 30, gets: { Age: '30' } }),
      asking('max-stale=20', forwarded(FRESH, { after: 1 })),
    ],
  },
  {
    clause: '§5.2.1.2',
    title: 'max-stale without value takes whatever is stored',
    steps: [forwarded({ 'Cache-Control': 'max-age=10' }), asking('max-stale', { after: 1000, gets: { Age: '1000' } })],
  },
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=10'].map(
    (directive): Row => ({
      clause: '§5.2.1.2',
      title: `max-stale does not take what ${directive} forbids to use stale`,
      steps: [
        forwarded({ 'Cache-Control': `max-age=10, ${directive}`, ETag: '"a"' }),
        asking('max-stale=100', forwarded(FRESH, { after: 11 })),
      ],
    }),
  ),
  {
    clause: '§5.2.1.7',
    title: 'only-if-cached is answered from the cache',
    steps: [forwarded(FRESH), asking('only-if-cached', hit())],
  },
  {
    clause: '§5.2.1.7',
    title: 'only-if-cached is 504 when nothing is stored, and the next request is not held up',
    steps: [asking('only-if-cached', { status: 504, body: null }), forwarded(FRESH)],
  },
  {
    clause: '§5.2.1.7',
    title: 'only-if-cached is 504 when what is stored is stale',
    steps: [forwarded({ 'Cache-Control': 'max-age=5' }), asking('only-if-cached', { after: 6, status: 504, body: null })],
  },
  {
    clause: '§5.2.1',
    title: 'an unknown directive changes nothing',
    steps: [forwarded(FRESH), asking('nothing-to-see-here', hit())],
  },
].map((row) => ({ ...row, presets: ['rfc9111'] }))

const IGNORED: Row[] = [
  ...['no-cache', 'no-store', 'max-age=0', 'min-fresh=1000'].map(
    (value): Row => ({
      clause: 'DECISIONS client’s no-cache',
      title: `${value} is ignored, and the answer says so`,
      steps: [forwarded(FRESH), asking(value, hit({ after: 1, gets: { 'Cache-Status': /detail=CLIENT_IGNORED/ } }))],
    }),
  ),
  {
    clause: 'DECISIONS client’s no-cache',
    title: 'Pragma: no-cache is ignored, and the answer says so',
    steps: [forwarded(FRESH), hit({ asks: { Pragma: 'no-cache' }, gets: { 'Cache-Status': /detail=CLIENT_IGNORED/ } })],
  },
  {
    clause: 'DECISIONS client’s no-cache',
    title: 'the answer to no-store is stored',
    steps: [asking('no-store', forwarded(FRESH)), hit()],
  },
  {
    clause: 'DECISIONS client’s no-cache',
    title: 'max-stale gets nothing stale',
    steps: [forwarded({ 'Cache-Control': 'max-age=5' }), asking('max-stale', forwarded(FRESH, { after: 16 }))],
  },
  {
    clause: 'DECISIONS client’s no-cache',
    title: 'only-if-cached is forwarded when nothing is stored',
    steps: [asking('only-if-cached', forwarded(FRESH)), hit()],
  },
].map((row) => ({ ...row, presets: ['safe', 'varnish'] }))

rows('directives that are honoured', HONOURED)
rows('directives that are ignored', IGNORED)
