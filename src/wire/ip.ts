/** IP addresses: one spelling, and membership in CIDR blocks. */
import { BlockList, isIP, isIPv4 } from 'node:net'

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** An IPv4-mapped IPv6 address as IPv4, anything else as it is. */
export function plainAddress(ip: string): string {
  const match = MAPPED.exec(ip)
  return match?.[1] !== undefined && isIPv4(match[1]) ? match[1] : ip
}

/**
 * A test for membership in any of the blocks: `10.0.0.0/8`, `::1`, `fd00::/8`. IPv4-mapped IPv6 counts as IPv4; what is no address
 * (a Unix socket's `''`, a zone id) is in none. Throws a `TypeError` for a block that cannot be read.
 */
export function trustList(cidrs: readonly string[]): (ip: string) => boolean {
  if (cidrs.length === 0) return () => false
  const blocks = new BlockList()
  for (const cidr of cidrs) addBlock(blocks, cidr)
  return (ip) => {
    const address = plainAddress(ip)
    const family = address.includes('%') ? 0 : isIP(address)
    return family !== 0 && blocks.check(address, family === 4 ? 'ipv4' : 'ipv6')
  }
}

function addBlock(blocks: BlockList, cidr: string): void {
  const slash = cidr.indexOf('/')
  const address = slash < 0 ? cidr : cidr.slice(0, slash)
  const family = address.includes('%') ? 0 : isIP(address)
  const bits = family === 4 ? 32 : 128
  const prefix = slash < 0 ? String(bits) : cidr.slice(slash + 1)
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)
    throw new TypeError(`${JSON.stringify(cidr)} is not an address block; write it as 10.0.0.0/8, 192.0.2.1 or fd00::/8`)
  blocks.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
}
