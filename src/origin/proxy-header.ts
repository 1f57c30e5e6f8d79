/** The PROXY protocol towards an origin: what a connection begins with, so that the origin learns who the client is (haproxy's proxy-protocol.txt, 1 and 2). */
import { isIPv4, isIPv6 } from 'node:net'

/** Both ends of the client's connection, the client's as it is believed to be. */
export interface ClientEnds {
  readonly address: string
  /** 0: not known. */
  readonly port: number
  readonly localAddress: string
  readonly localPort: number
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const LOCAL = 0x20
const PROXY = 0x21
const STREAM4 = 0x11
const STREAM6 = 0x21

/** `null`: nobody asks, it is our own request. Where an end has no address, the header says that the client is not known. */
export function proxyHeader(version: 1 | 2, ends: ClientEnds | null): Buffer {
  const family = ends === null ? 0 : familyOf(ends.address, ends.localAddress)
  return version === 1 ? textual(ends, family) : binary(ends, family)
}

function familyOf(address: string, localAddress: string): 0 | 4 | 6 {
  if (isIPv4(address) && isIPv4(localAddress)) return 4
  return (isIPv4(address) || isPlain6(address)) && (isIPv4(localAddress) || isPlain6(localAddress)) ? 6 : 0
}

/** A zone is meant for one machine. */
function isPlain6(address: string): boolean {
  return isIPv6(address) && !address.includes('%')
}

function textual(ends: ClientEnds | null, family: 0 | 4 | 6): Buffer {
  if (ends === null || family === 0) return Buffer.from('PROXY UNKNOWN\r\n', 'latin1')
  const [from, to] = family === 4 ? [ends.address, ends.localAddress] : [mapped(ends.address), mapped(ends.localAddress)]
  return Buffer.from(`PROXY TCP${family} ${from} ${to} ${ends.port} ${ends.localPort}\r\n`, 'latin1')
}

function binary(ends: ClientEnds | null, family: 0 | 4 | 6): Buffer {
  if (ends === null || family === 0) return Buffer.concat([SIGNATURE, Buffer.of(LOCAL, 0, 0, 0)])
  const bytes = family === 4 ? bytes4 : bytes6
  const addresses = Buffer.concat([bytes(ends.address), bytes(ends.localAddress), port(ends.port), port(ends.localPort)])
  return Buffer.concat([SIGNATURE, Buffer.of(PROXY, family === 4 ? STREAM4 : STREAM6, 0, addresses.length), addresses])
}

function mapped(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address
}

function port(number: number): Buffer {
  return Buffer.of(number >> 8, number & 255)
}

function bytes4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function bytes6(address: string): Buffer {
  const [, head = mapped(address), v4 = ''] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(mapped(address)) ?? []
  const tail = v4 === '' ? [] : [...bytes4(v4)]
  const text = v4 === '' ? head : head.replace(/([^:]):$/, '$1')
  const [left = '', right] = text.split('::')
  const before = groups(left)
  const after = [...groups(right ?? ''), ...tail]
  const missing = 16 - before.length - after.length
  return Buffer.from([...before, ...new Array<number>(Math.max(missing, 0)).fill(0), ...after])
}

function groups(text: string): number[] {
  return text === ''
    ? []
    : text.split(':').flatMap((group) => {
        const value = Number.parseInt(group, 16)
        return [value >> 8, value & 255]
      })
}
