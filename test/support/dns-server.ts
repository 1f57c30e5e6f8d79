/** A DNS server on loopback (RFC 1035, 2782), over UDP and TCP, whose answers a test changes as it likes. */
import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram'
import { type AddressInfo, createServer, isIPv4, type Server, type Socket } from 'node:net'

export interface Srv {
  readonly target: string
  readonly port: number
  readonly priority?: number
  readonly weight?: number
}

/** What a name has. `trouble` instead: there is no such name, the server fails, says nothing, refuses. */
export interface Zone {
  readonly ttl?: number
  /** IPv4 and IPv6 addresses. */
  readonly addresses?: readonly string[]
  readonly services?: readonly Srv[]
  readonly trouble?: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'silence'
  /** What does not come over TCP is cut short. */
  readonly truncated?: boolean
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' }
const CODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

export class DnsServer {
  /** By name; what is not there does not exist. */
  readonly zones: Map<string, Zone> = new Map()
  /** `A app.test`, in order; over TCP with `tcp ` before it. */
  readonly queries: string[] = []
  readonly #udp: DatagramSocket
  readonly #tcp: Server
  readonly #sockets = new Set<Socket>()

  private constructor(udp: DatagramSocket, tcp: Server) {
    this.#udp = udp
    this.#tcp = tcp
    udp.on('message', (bytes, from: RemoteInfo) => {
      const answer = this.#answer(bytes, false)
      if (answer !== null) udp.send(answer, from.port, from.address)
    })
    tcp.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      let pending = Buffer.alloc(0)
      socket.on('data', (bytes: Buffer) => {
        pending = Buffer.concat([pending, bytes])
        while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
          const end = 2 + pending.readUInt16BE(0)
          const answer = this.#answer(pending.subarray(2, end), true)
          pending = pending.subarray(end)
          if (answer !== null) socket.write(Buffer.concat([words(answer.length), answer]))
        }
      })
    })
  }

  static async start(): Promise<DnsServer> {
    for (;;) {
      const tcp = createServer()
      await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
      const udp = createSocket('udp4')
      const bound = await new Promise<boolean>((resolve) => {
        udp.once('error', () => resolve(false))
        udp.bind((tcp.address() as AddressInfo).port, '127.0.0.1', () => resolve(true))
      })
      if (bound) return new DnsServer(udp, tcp)
      tcp.close()
      udp.close()
    }
  }

  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`
  }

  set(name: string, zone: Zone): void {
    this.zones.set(name, zone)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([new Promise<void>((resolve) => this.#udp.close(resolve)), new Promise((resolve) => this.#tcp.close(resolve))])
  }

  #answer(query: Buffer, tcp: boolean): Buffer | null {
    const { name, end } = nameAt(query, 12)
    const type = query.readUInt16BE(end)
    this.queries.push(`${tcp ? 'tcp ' : ''}${TYPES[type] ?? type} ${name}`)
    const zone = this.zones.get(name) ?? { trouble: 'NXDOMAIN' }
    if (zone.trouble === 'silence') return null
    const question = query.subarray(12, end + 4)
    const cut = zone.truncated === true && !tcp
    const records = zone.trouble !== undefined || cut ? [] : recordsOf(zone, type)
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180 | (cut ? 0x0200 : 0) | (zone.trouble === undefined ? 0 : CODES[zone.trouble]), 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    return Buffer.concat([head, question, ...records.map((data) => record(type, zone.ttl ?? 60, data))])
  }
}

function nameAt(bytes: Buffer, from: number): { name: string; end: number } {
  const labels: string[] = []
  let at = from
  for (let length = bytes[at] ?? 0; length > 0; length = bytes[at] ?? 0) {
    labels.push(bytes.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function recordsOf({ addresses = [], services = [] }: Zone, type: number): Buffer[] {
  if (type === 1) return addresses.filter(isIPv4).map((address) => Buffer.from(address.split('.').map(Number)))
  if (type === 28) return addresses.filter((address) => !isIPv4(address)).map(bytes6)
  if (type === 33)
    return services.map(({ target, port, priority = 0, weight = 0 }) => Buffer.concat([words(priority, weight, port), named(target)]))
  return []
}

/** The name is that of the question. */
function record(type: number, ttl: number, data: Buffer): Buffer {
  const life = Buffer.alloc(4)
  life.writeUInt32BE(ttl)
  return Buffer.concat([words(0xc00c, type, 1), life, words(data.length), data])
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]))
}

function named(name: string): Buffer {
  const labels = name === '.' ? [] : name.split('.')
  return Buffer.concat([...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])), Buffer.of(0)])
}

/** With `::` in it. */
function bytes6(address: string): Buffer {
  const [left = '', right = ''] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, after] = [groups(left), groups(right)]
  return words(...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after)
}
