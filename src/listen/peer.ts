/** Who is at the other end of a client connection. Read once, when it is accepted: each address is a system call. */
import type { Socket } from 'node:net'
import type { Peer } from '../request/exchange.ts'
import { plainAddress } from '../wire/ip.ts'

/** `isTrusted` is asked with `''` for a Unix socket. */
export function peerOf(socket: Socket, scheme: 'http' | 'https', isTrusted: (ip: string) => boolean): Peer {
  const address = plainAddress(socket.remoteAddress ?? '')
  return {
    address,
    port: socket.remotePort ?? 0,
    localAddress: plainAddress(socket.localAddress ?? ''),
    localPort: socket.localPort ?? 0,
    scheme,
    trusted: isTrusted(address),
  }
}
