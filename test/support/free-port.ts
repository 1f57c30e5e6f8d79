/** Ports of loopback for servers that cannot choose one by themselves. Another may take it before they listen: they have to try again then. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

/** So many different ones. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = []
  for (let index = 0; index < count; index++) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  return ports
}
