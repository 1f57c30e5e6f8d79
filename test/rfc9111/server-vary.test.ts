/** RFC 9111 §4.1 through the whole server: which requests an answer with Vary serves. */
import { ALL, BOTH, type Fields, forwarded, hit, type Row, rows } from './rig.ts'

const varying = (vary: string | readonly string[], more: Fields = {}): Fields => ({ 'Cache-Control': 'max-age=60', Vary: vary, ...more })

/** The answer to `first` serves `second`, or does not. */
function pair(clause: string, title: string, vary: string | string[], first: Fields, second: Fields, serves: boolean, presets = ALL): Row {
  return {
    clause,
    title,
    presets,
    steps: [forwarded(varying(vary), { asks: first }), serves ? hit({ asks: second }) : forwarded(varying(vary), { asks: second })],
  }
}

const STARS: (string | string[])[] = ['*', '*, *', ['*', '*'], ', *', ['', '*'], '*, Foo', 'Foo, *', ' *', '*,']

const MATCHING: Row[] = [
  ...STARS.map((vary) => pair('§4.1', `Vary: ${JSON.stringify(vary)} never matches`, vary, { Foo: '1' }, { Foo: '1' }, false)),
  pair('§4.1', 'an equal field matches', 'Foo', { Foo: '1' }, { Foo: '1' }, true),
  pair('§4.1', 'another value does not match', 'Foo', { Foo: '1' }, { Foo: '2' }, false),
  pair('§4.1', 'absent matches absent', 'Foo', {}, {}, true),
  pair('§4.1', 'absent does not match present', 'Foo', {}, { Foo: '1' }, false),
  pair('§4.1', 'present does not match absent', 'Foo', { Foo: '1' }, {}, false),
  pair('§4.1', 'absent does not match empty', 'Foo', {}, { Foo: '' }, false),
  pair('§4.1', 'empty does not match absent', 'Foo', { Foo: '' }, {}, false),
  pair('§4.1', 'the value of a field is compared with its case', 'Foo', { Foo: 'a' }, { Foo: 'A' }, false),
  pair('§4.1', 'names are compared without their case', 'fOO', { Foo: '1' }, { foo: '1' }, true),
  pair('§4.1', 'other fields do not matter', 'Foo', { Foo: '1', Bar: '1' }, { Foo: '1', Bar: '2' }, true),
  pair('§4.1', 'all named fields must match', 'Foo, Bar', { Foo: '1', Bar: '1' }, { Foo: '1', Bar: '2' }, false),
  pair('§4.1', 'all lines of Vary count', ['Foo', 'Bar'], { Foo: '1', Bar: '1' }, { Foo: '1', Bar: '2' }, false),
  pair('§4.1', 'two fields match in any order', 'Foo, Bar', { Foo: '1', Bar: '2' }, { Bar: '2', Foo: '1' }, true),
  pair('§4.1', 'several lines match their join', 'Foo', { Foo: ['1', '2'] }, { Foo: '1, 2' }, true, BOTH),
  pair('§4.1', 'white space around commas does not matter', 'Foo', { Foo: '1,2' }, { Foo: '1 , 2' }, true, BOTH),
  pair('§4.1', 'the order of members matters', 'Foo', { Foo: '1, 2' }, { Foo: '2, 1' }, false),
  pair('§4.1', 'a Vary that is no list of names never matches', 'a;b', {}, {}, false),
]

const A = { Foo: 'a' }
const B = { Foo: 'b' }

const VARIANTS: Row[] = [
  {
    clause: '§4.1',
    title: 'several variants are kept side by side',
    presets: ALL,
    steps: [
      forwarded(varying('Foo'), { asks: A }),
      forwarded(varying('Foo'), { asks: B }),
      forwarded(varying('Foo')),
      hit({ asks: A }),
      hit({ asks: B, body: 'body 2' }),
      hit({ body: 'body 3' }),
    ],
  },
  {
    clause: '§4.1',
    title: 'a refreshed variant leaves the others alone',
    steps: [
      forwarded(varying('Foo', { 'Cache-Control': 'max-age=5' }), { asks: A }),
      forwarded(varying('Foo'), { asks: B }),
      forwarded(varying('Foo'), { after: 6, asks: A }),
      hit({ asks: B, body: 'body 2' }),
      hit({ asks: A, body: 'body 3' }),
    ],
  },
  {
    clause: '§4.1',
    title: 'selected fields go to the origin with the validation of their variant',
    steps: [
      forwarded(varying('Foo', { 'Cache-Control': 'max-age=5', ETag: '"a"' }), { asks: A }),
      forwarded(varying('Foo', { 'Cache-Control': 'max-age=5', ETag: '"b"' }), { asks: B }),
      forwarded({}, { after: 6, asks: B, reply: { status: 304 }, sees: { Foo: 'b', 'If-None-Match': /"b"/ }, body: 'body 2' }),
      forwarded({}, { asks: A, reply: { status: 304 }, sees: { Foo: 'a', 'If-None-Match': /"a"/ } }),
    ],
  },
  {
    clause: '§4',
    title: 'path and query are the key to the byte',
    presets: ALL,
    steps: [
      forwarded({ 'Cache-Control': 'max-age=60' }, { path: '?a=1' }),
      forwarded({ 'Cache-Control': 'max-age=60' }, { path: '?a=2' }),
      forwarded({ 'Cache-Control': 'max-age=60' }, { path: '?A=1' }),
      forwarded({ 'Cache-Control': 'max-age=60' }, { path: '?a=%31' }),
      forwarded({ 'Cache-Control': 'max-age=60' }),
      hit({ path: '?a=1' }),
    ],
  },
]

const speaks = (language: string, more: Fields = {}): Fields => ({ 'Accept-Language': language, ...more })
const LANGUAGE = 'Accept-Language'

const LANGUAGES: Row[] = [
  pair('DECISIONS Vary: Accept-Language', 'tags in another order match', LANGUAGE, speaks('en, de'), speaks('de, en'), true, BOTH),
  pair('DECISIONS Vary: Accept-Language', 'tags in another case match', LANGUAGE, speaks('en-GB'), speaks('EN-gb'), true, BOTH),
  pair(
    'DECISIONS Vary: Accept-Language',
    'white space does not matter',
    LANGUAGE,
    speaks('en;q=0.5,de'),
    speaks('en; q=0.5, de'),
    true,
    BOTH,
  ),
  pair(
    'DECISIONS Vary: Accept-Language',
    'another q does not match',
    LANGUAGE,
    speaks('en;q=0.5, de'),
    speaks('en;q=0.6, de'),
    false,
    BOTH,
  ),
  pair('DECISIONS Vary: Accept-Language', 'a tag more does not match', LANGUAGE, speaks('en'), speaks('en, de'), false),
  pair('DECISIONS Vary: Accept-Language', 'bytes are compared', LANGUAGE, speaks('en, de'), speaks('de, en'), false, ['varnish']),
  ...(['safe', 'rfc9111'] as const).map(
    (preset): Row => ({
      clause: 'DECISIONS Vary: Accept-Language',
      title: `a variant in the language that is wanted most ${preset === 'safe' ? 'does not match' : 'matches'}`,
      presets: [preset],
      steps: [
        forwarded(varying(LANGUAGE, { 'Content-Language': 'de' }), { asks: speaks('de') }),
        preset === 'rfc9111'
          ? hit({ asks: speaks('fr;q=0.5, de') })
          : forwarded(varying(LANGUAGE, { 'Content-Language': 'de' }), { asks: speaks('fr;q=0.5, de') }),
        forwarded(varying(LANGUAGE, { 'Content-Language': 'de' }), { asks: speaks('fr, de') }),
      ],
    }),
  ),
]

rows('matching', MATCHING)
rows('variants', VARIANTS)
rows('languages', LANGUAGES)
