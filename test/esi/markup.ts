/** Pages made of what matters to the parser, right and wrong. */
import fc from '../support/properties.ts'

const WORDS = [
  ...[
    '<',
    '</',
    '>',
    '/>',
    '-',
    '--',
    '-->',
    '--->',
    ']',
    ']]',
    ']]>',
    '!',
    '"',
    "'",
    '=',
    ' ',
    '\n',
    '\0',
    '\xff',
    'a',
    '/b',
    '&amp;',
    '&#6',
    ';',
  ],
  ...[
    '<!--',
    '<!--esi',
    '<!--es',
    '<![CDATA[',
    '<![CDA',
    '<esi',
    'esi:',
    '<esi:',
    '</esi:',
    'include',
    'remove',
    'comment',
    'vars',
    'src',
    'alt',
  ],
  ...[
    '<esi:include src="/a"/>',
    "<esi:include src='/b' alt='c' onerror='continue'></esi:include>",
    '<esi:remove>',
    '</esi:remove>',
    '<esi:remove/>',
  ],
  ...[
    '<esi:comment text="d"/>',
    '<esi:vars>$(HTTP_COOKIE)</esi:vars>',
    '<!--esi e-->',
    '<!-- f -->',
    '<![CDATA[g]]>',
    '<p class="h">',
    '</p>',
  ],
]

export const markup: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('<', '<p>', '', ' ', 'a', '\xef\xbb\xbf<'), fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }))
  .map(([start, words]) => start + words.join(''))
