/**
 * The map of a Cluster: which node serves which slot, and the connections to each. Learned by `CLUSTER SLOTS` of any node, corrected by MOVED,
 * learned anew while anything is amiss.
 */
import type { Clock, Timer } from '../clock.ts'
import { clusterAddress, type Endpoint, showEndpoint } from './address.ts'
import { Link, type LinkInit, type Replies } from './link.ts'
import type { Lane } from './port.ts'
import type { Redirect } from './reply-error.ts'
import type { Routes } from './routes.ts'
import { SLOTS, slotOf } from './slot.ts'
import type { StateLog } from './state-log.ts'

interface Node {
  readonly endpoint: Endpoint
  readonly small: Link
  readonly bulk: Link
}

/** Milliseconds between lessons, when all is well and while something is amiss. */
const CALM = 10_000
const AMISS = 500

export class ClusterRoutes implements Routes {
  readonly #init: Omit<LinkInit, 'endpoint' | 'changed'>
  readonly #clock: Clock
  readonly #seeds: readonly Endpoint[]
  readonly #states: StateLog
  readonly #nodes = new Map<string, Node>()
  /** By slot, the name of the node. */
  #slots: readonly (string | null)[] = []
  #masters: ReadonlySet<string> = new Set()
  #learning = false
  #stopped = false
  #timer: Timer | null = null
  #due = 0
  #turn = 0

  constructor(init: Omit<LinkInit, 'endpoint' | 'changed'>, seeds: readonly Endpoint[], states: StateLog) {
    this.#init = init
    this.#clock = init.dialing.clock
    this.#seeds = seeds
    this.#states = states
    this.#sow()
  }

  get ready(): boolean {
    return this.#readyMasters() > 0
  }

  link(lane: Lane, key: string | null): Link | null {
    const name = key === null ? this.#anyMaster() : (this.#slots[slotOf(key)] ?? null)
    return (name === null ? undefined : this.#nodes.get(name))?.[lane] ?? null
  }

  redirected(lane: Lane, { type, slot, address }: Redirect, from: Link): Link | null {
    const told = address.startsWith(':') && 'host' in from.endpoint ? `${from.endpoint.host}${address}` : address
    const endpoint = clusterAddress(told)
    if (endpoint === null || this.#stopped) return null
    const node = this.#node(endpoint)
    if (type === 'MOVED') {
      const slots = [...this.#slots]
      slots[slot] = showEndpoint(endpoint)
      this.#slots = slots
      this.#masters = new Set([...this.#masters, showEndpoint(endpoint)])
      this.#learn()
    }
    return node[lane]
  }

  anywhere(): Endpoint {
    const ready = [...this.#nodes.values()].filter(({ small }) => small.ready).map(({ endpoint }) => endpoint)
    const among = ready.length > 0 ? ready : this.#seeds
    return among[this.#turn++ % among.length] as Endpoint
  }

  distrust(lane: Lane, reason: string): void {
    for (const node of this.#nodes.values()) node[lane].distrust(reason)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    for (const node of this.#nodes.values()) close(node)
    this.#nodes.clear()
  }

  #node(endpoint: Endpoint): Node {
    const name = showEndpoint(endpoint)
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    const changed = (): void => this.#changed()
    const node: Node = {
      endpoint,
      small: new Link({ ...this.#init, endpoint, changed }),
      bulk: new Link({ ...this.#init, endpoint, changed: () => {} }),
    }
    this.#nodes.set(name, node)
    return node
  }

  /** With nothing better to go by. */
  #sow(): void {
    for (const seed of this.#seeds) this.#node(seed)
  }

  #changed(): void {
    if (this.#stopped) return
    const masters = this.#masters.size
    const ready = this.#readyMasters()
    if (masters === 0 || ready < masters) {
      if (masters === 0) this.#learn()
      this.#again(AMISS)
    }
    const missing = [...this.#nodes.values()].filter(({ small }) => !small.ready)
    // Who has not been tried in vain is on its way.
    if (missing.length > 0 && missing.every(({ small }) => small.reason === null)) return
    if (ready === 0) {
      // Where a seed answers, the map comes first.
      if (missing.length === this.#nodes.size && missing.every(({ small }) => small.reason !== null))
        this.#states.tell('away', this.#complaint())
    } else if (ready < masters) this.#states.tell('partly', this.#complaint())
    else if (this.#slots.length === SLOTS && this.#slots.every((name) => name !== null)) this.#states.tell('ready', null)
    else this.#states.tell('partly', 'some slots are served by nobody')
  }

  #complaint(): string {
    const away = [...this.#nodes.values()].filter(({ small }) => !small.ready && small.reason !== null)
    return away.map(({ endpoint, small }) => `${showEndpoint(endpoint)}: ${small.reason}`).join('; ')
  }

  #readyMasters(): number {
    let count = 0
    for (const name of this.#masters) if (this.#nodes.get(name)?.small.ready === true) count++
    return count
  }

  #anyMaster(): string | null {
    for (const name of this.#masters) if (this.#nodes.get(name)?.small.ready === true) return name
    return null
  }

  /** Learns in so many milliseconds, unless that is going to be earlier. */
  #again(ms: number): void {
    const due = this.#clock.now() + ms
    if (this.#timer !== null && this.#due <= due) return
    this.#timer?.cancel()
    this.#due = due
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = null
      this.#learn()
    })
  }

  #learn(): void {
    if (this.#learning || this.#stopped) return
    const ready = [...this.#nodes.values()].filter(({ small }) => small.ready)
    const asked = ready[this.#turn++ % ready.length]
    if (asked === undefined) {
      this.#sow()
      this.#again(AMISS)
      return
    }
    this.#learning = true
    asked.small.ask([['cluster', 'slots']], this.#init.deadline * 2, null).then(
      (replies) => this.#learned(readMap(replies, asked.endpoint)),
      () => this.#learned(null),
    )
  }

  #learned(map: readonly (string | null)[] | null): void {
    this.#learning = false
    if (this.#stopped) return
    if (map !== null) {
      this.#slots = map
      this.#masters = new Set(map.filter((name) => name !== null))
      for (const name of this.#masters) {
        const endpoint = clusterAddress(name.replace(/^\[(.*)\]:/, '$1:'))
        if (endpoint !== null) this.#node(endpoint)
      }
      for (const [name, node] of this.#nodes)
        if (!this.#masters.has(name)) {
          this.#nodes.delete(name)
          close(node)
        }
    }
    const well = map !== null && this.#readyMasters() === this.#masters.size && map.every((name) => name !== null)
    this.#again(well ? CALM : AMISS)
    this.#changed()
  }
}

function close({ small, bulk }: Node): void {
  small.stop()
  bulk.stop()
}

/** By slot, the address of its master; `null`: what was answered is no map. */
function readMap(replies: Replies, asked: Endpoint): readonly (string | null)[] | null {
  const [ranges] = replies
  if (!Array.isArray(ranges) || ranges.length === 0) return null
  const map: (string | null)[] = new Array<string | null>(SLOTS).fill(null)
  for (const range of ranges) {
    if (!Array.isArray(range)) return null
    const [first, last, master] = range
    const [host, port] = Array.isArray(master) ? master : []
    if (typeof first !== 'number' || typeof last !== 'number' || typeof port !== 'number') return null
    if (first < 0 || last < first || last >= SLOTS || port < 1 || port > 65_535) return null
    // A node that does not know its own name is where it was reached.
    const named = Buffer.isBuffer(host) && host.length > 0 && String(host) !== '?' ? String(host) : 'host' in asked ? asked.host : ''
    map.fill(showEndpoint({ host: named, port }), first, last + 1)
  }
  return map
}
