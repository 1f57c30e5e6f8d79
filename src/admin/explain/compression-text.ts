/** What was decided about compressing an answer, in words. */
import type { Compression, Uncompressed } from '../../fetch/compressing.ts'

const WHY: Readonly<Record<Uncompressed, string>> = {
  off: 'neither --compress nor the policy asks for it',
  policy: 'beresp.compress is false',
  'not stored': 'it is not stored',
  status: 'it is a part',
  'no body': 'it has no body',
  coded: 'the origin coded it already',
  'no-transform': 'Cache-Control says no-transform',
  'set-cookie': 'it sets a cookie',
  private: 'Cache-Control says private',
  type: 'its Content-Type is not among --compress-types',
  size: 'it is smaller than --compress-min',
  busy: 'too many were being compressed',
}

/** A sentence with a space before it; `''` where nothing asked for compression. */
export function compressionText(compression: Compression | null): string {
  if (compression === null) return ''
  return compression.type === 'compress' ? ` Compressed as ${compression.coding}.` : ` Not compressed: ${WHY[compression.why]}.`
}
