/** A real Redis Cluster on loopback: three masters with a replica each. It stands as soon as they listen, for each begins with the whole map. */
import { freePorts } from './free-port.ts'
import { RedisServer, type RedisServerOptions } from './redis-server.ts'
import type { RespReply } from './resp-client.ts'

export interface RedisClusterOptions extends Omit<RedisServerOptions, 'port' | 'files'> {
  /** Milliseconds after which a node that says nothing counts as gone. Default 1000. */
  readonly nodeTimeout?: number
}

const MASTERS = 3
const SLOTS = 16_384

/** Resolves when every slot is served and every replica follows its master. Whoever starts it stops it. */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const ports = await freePorts(MASTERS * 4)
  const members = Array.from({ length: MASTERS * 2 }, (_, index) => member(index, ports))
  const nodes = members.map(
    ({ port, bus, id }) =>
      new RedisServer(port, {
        ...options,
        files: { 'nodes.conf': map(members, id) },
        config: {
          'cluster-enabled': 'yes',
          'cluster-config-file': 'nodes.conf',
          'cluster-port': bus,
          'cluster-node-timeout': options.nodeTimeout ?? 1000,
          'cluster-replica-validity-factor': 0,
          ...options.config,
        },
      }),
  )
  const cluster = new RedisCluster(nodes)
  const failures = (await Promise.all(nodes.map((node) => node.start()))).filter((failure) => failure !== null)
  if (failures.length > 0) {
    await cluster.stop()
    throw new Error(`a node of the cluster did not start: ${failures.join('\n')}`)
  }
  await cluster.settled()
  return cluster
}

export class RedisCluster {
  /** Three masters and then their replicas in the same order; after failovers `masters` says who is what. */
  readonly nodes: readonly RedisServer[]

  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
  }

  /** `redis+cluster://127.0.0.1:port,127.0.0.1:port…` */
  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  }

  /** Who serves a key now. Asked of a node that lives. */
  async masterOf(key: string): Promise<RedisServer> {
    const [asked] = await this.#alive()
    const slot = Number(await asked?.cli('CLUSTER', 'KEYSLOT', key))
    const shards = (await asked?.cli('CLUSTER', 'SLOTS')) as readonly (readonly RespReply[])[]
    const shard = shards.find(([first, last]) => slot >= Number(first) && slot <= Number(last))
    const port = Number((shard?.[2] as readonly RespReply[] | undefined)?.[1])
    const found = this.nodes.find((node) => node.port === port)
    if (found === undefined) throw new Error(`nobody serves the slot of ${key}`)
    return found
  }

  /** Waits until every living node sees every slot served and every replica has its master's data. */
  async settled(): Promise<void> {
    for (;;) {
      const alive = await this.#alive()
      const told = await Promise.all(alive.map(async (node) => [await node.cli('CLUSTER', 'INFO'), await node.cli('INFO', 'replication')]))
      const settles = ([info, replication]: readonly unknown[]): boolean =>
        String(info).includes('cluster_state:ok') &&
        (String(replication).includes('role:master') || String(replication).includes('master_link_status:up'))
      if (told.length > 0 && told.every(settles)) return
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async #alive(): Promise<readonly RedisServer[]> {
    return this.nodes.filter(({ pid }) => pid !== 0)
  }
}

interface Member {
  readonly index: number
  readonly port: number
  readonly bus: number
  readonly id: string
}

function member(index: number, ports: readonly number[]): Member {
  return { index, port: ports[index * 2] ?? 0, bus: ports[index * 2 + 1] ?? 0, id: String(index + 1).repeat(40) }
}

/** What a node keeps of the cluster, as it writes it itself (`cluster-config-file`). */
function map(members: readonly Member[], self: string): string {
  const lines = members.map(({ index, port, bus, id }) => {
    const mine = id === self ? 'myself,' : ''
    const master = index < MASTERS
    const role = master ? `${mine}master -` : `${mine}slave ${members[index - MASTERS]?.id}`
    const epoch = (index % MASTERS) + 1
    const slots = master ? ` ${Math.floor((index * SLOTS) / MASTERS)}-${Math.floor(((index + 1) * SLOTS) / MASTERS) - 1}` : ''
    return `${id} 127.0.0.1:${port}@${bus} ${role} 0 0 ${epoch} connected${slots}`
  })
  return `${lines.join('\n')}\nvars currentEpoch ${MASTERS} lastVoteEpoch 0\n`
}
