/**
 * Addresses before workers listen there together. A socket with `reusePort` shares a port with any other such socket of the same user without
 * a word, so that each address is first listened on without: what is in use is refused as it is by a server in one thread.
 */
import { createServer, type Server } from 'node:net'
import { formatAddress, type ListenAddress, parseListenAddress } from '../listen/address.ts'
import { ListenError, listenOn } from '../listen/listener.ts'

/** What systems say that do not know of it. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['ENOTSUP', 'EINVAL', 'ENOPROTOOPT'])

export interface Reservation {
  /** The addresses in their order, ports resolved. */
  readonly listen: readonly string[]
  /** Gives up what is held. To be called when the workers listen. */
  release(): Promise<void>
}

/**
 * A port that the system chooses is held, by a socket with `reusePort` of which nobody knows yet, until workers listen there. One that was
 * given is let go before: whoever connects would wait in the queue of a socket that accepts nothing, and be reset. Should another process
 * take it at that moment, the workers are refused it. Unix sockets are left to the one worker that listens there. Rejects with a `ListenError`.
 */
export async function reserve(listen: readonly string[]): Promise<Reservation> {
  const probes: Server[] = []
  const held: Server[] = []
  const resolved: string[] = []
  try {
    for (const text of listen) {
      const where = parseListenAddress(text)
      if (where.type === 'unix') {
        resolved.push(text)
        continue
      }
      const server = createServer((socket) => socket.destroy())
      const chosen = where.port === 0
      await listenOn(server, where, text, chosen)
      const list = chosen ? held : probes
      list.push(server)
      resolved.push(withPort(where, server))
    }
  } catch (error) {
    await closeAll([...probes, ...held])
    throw error
  }
  await closeAll(probes)
  return { listen: resolved, release: () => closeAll(held) }
}

/** Whether sockets may share a port here. */
export async function canSharePort(): Promise<boolean> {
  const server = createServer()
  const where: ListenAddress = { type: 'tcp', host: '127.0.0.1', port: 0 }
  try {
    await listenOn(server, where, '127.0.0.1:0', true)
  } catch (error) {
    return !(error instanceof ListenError && UNSUPPORTED.has(error.code))
  }
  await closeAll([server])
  return true
}

function withPort({ host }: Extract<ListenAddress, { type: 'tcp' }>, server: Server): string {
  const bound = server.address()
  const port = bound === null || typeof bound === 'string' ? 0 : bound.port
  return host === undefined ? `:${port}` : formatAddress(host, port)
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
}
