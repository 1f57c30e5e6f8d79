/** Who counts as one client. */
import { parseAddress } from './acl.ts'

/**
 * The network of an address, as a key: an IPv4 address itself, of an IPv6 address its first `bits` bits (default 64, what one household or
 * server is given; 16 to 128). Other text comes back as it is.
 */
export function networkOf(address: string, bits: number = 64): string {
  if (!Number.isInteger(bits) || bits < 16 || bits > 128)
    throw new RangeError(`networkOf(…, ${String(bits)}): give a whole number of bits from 16 to 128`)
  const parsed = parseAddress(address)
  if (parsed === null) return address
  const { family, words } = parsed
  if (family === 4) return words.map((word) => `${word >> 8}.${word & 0xff}`).join('.')
  const kept = words.map((word, index) => word & ((0xffff << (16 - Math.min(16, Math.max(0, bits - index * 16)))) & 0xffff))
  return `${kept.map((word) => word.toString(16)).join(':')}/${bits}`
}
