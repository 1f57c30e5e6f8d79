import { may, need, signature, type Vmod, vmod, vmodClass, word } from '../signature.ts'

const CODINGS = ['IDENTITY', 'BASE64', 'BASE64URL', 'BASE64URLNOPAD', 'BASE64CF', 'HEX', 'URL']
const decoding = word('decoding', CODINGS, 'IDENTITY')
const encoding = word('encoding', CODINGS, 'IDENTITY')
const letters = word('case', ['LOWER', 'UPPER', 'DEFAULT'], 'DEFAULT')

export const blob: Vmod = vmod(
  'blob',
  [
    signature('decode', 'BLOB', [decoding, may('INT', 'length', 0), need('STRANDS', 'encoded')]),
    signature('encode', 'STRING', [encoding, letters, need('BLOB', 'blob')]),
    signature('transcode', 'STRING', [decoding, encoding, letters, may('INT', 'length', 0), need('STRANDS', 'encoded')]),
    signature('same', 'BOOL', [need('BLOB'), need('BLOB')]),
    signature('equal', 'BOOL', [need('BLOB'), need('BLOB')]),
    signature('length', 'INT', [need('BLOB')]),
    signature('sub', 'BLOB', [need('BLOB'), need('BYTES', 'length'), may('BYTES', 'offset', 0)]),
  ],
  [
    vmodClass(
      'blob',
      [decoding, need('STRANDS', 'encoded')],
      [signature('get', 'BLOB'), signature('encode', 'STRING', [encoding, letters])],
    ),
  ],
)
