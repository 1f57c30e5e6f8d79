/**
 * Three nodes, the Redis that they share and an origin, in one process and in virtual time: a seed decides who asks for what, what is purged where,
 * and what befalls links, servers and nodes. After each event it is checked what the fleet promises (`fleet-promises.ts`).
 */
import { setImmediate as everybody } from 'node:timers/promises'
import { idOf } from '../../src/invalidation/fleet.ts'
import type { Invalidated } from '../../src/invalidation/invalidation.ts'
import { keyOf } from '../../src/object/key-text.ts'
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import type { StreamItem } from '../support/model-keyspace.ts'
import { QUICK } from '../support/model-link.ts'
import { ModelRedis } from '../support/model-redis.ts'
import { VirtualTime } from '../support/virtual-time.ts'
import { type Floor, Promises, type Purge } from './fleet-promises.ts'
import { seeded } from './interleaving.ts'
import { HOST, type NodeAnswer, type Sabotage, SimulatedNode } from './simulated-node.ts'
import { type OriginManners, readBody, SimulatedOrigin } from './simulated-origin.ts'

/** What may befall: how often a second. */
export interface Misfortunes {
  /** A node's way to Redis is cut for a while, or takes so long that nothing is answered in time. */
  readonly cut?: number
  readonly slow?: number
  /** A replica takes its master's place; some changes are lost. */
  readonly failover?: number
  /** The log's master fails when its replica has not heard of the last purges for a while, as a node begins that has not, either. */
  readonly worst?: number
  /** A node ends at any moment, and begins anew. */
  readonly restart?: number
  /** A node stands still, and goes on as if nothing had been. */
  readonly freeze?: number
  /** Redis loses everything; loses keys at random; forgets the older part of the log; takes no writes for a while. */
  readonly flush?: number
  readonly evict?: number
  readonly trim?: number
  readonly refuse?: number
}

export interface FleetCourse {
  /** Seconds for which something happens. */
  readonly seconds: number
  /** A second, all nodes together. */
  readonly requests: number
  readonly purges: number
  readonly origin: OriginManners
  readonly misfortunes: Misfortunes
  /** Longest cut, in seconds. */
  readonly cuts: number
  readonly shards: number
  /** Milliseconds that a replica is behind, at most. */
  readonly lag: number
  /** Milliseconds by which clocks of servers and walls are wrong, at most. */
  readonly skew: number
  /** Fetches of one content that are too many when nothing is amiss are told. */
  readonly coalesces: boolean
}

export interface FleetRun {
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  readonly served: number
  readonly fetches: number
  readonly purges: number
  /** Hits that Redis answered. */
  readonly recalled: number
  /** Purges that the log had lost. */
  readonly lost: number
  /** Misfortunes that came. */
  readonly befallen: number
  /** Answers of nodes that were cut off for longer than what is stored is vouched for. */
  readonly unvouched: number
}

const NAMES = ['A', 'B', 'C']
const KEYS = ['/0', '/1', '/2']
/** Seconds after which all that waits for something has got it. */
const LONGEST = 100
/** Milliseconds by which servers' clocks may be wrong while claims of those who are dead end in good time. */
const HONEST = 10_000
/** Milliseconds for which what is stored is vouched for without the log. */
const VOUCHED = 60_000
/** Milliseconds in which a refresh is done, however slow the origin is. */
const REFRESHED = 6000
/** Milliseconds in which a purge that was answered comes to the others while all is well. */
const TELLING = 100

export async function simulate(seed: number, course: FleetCourse, sabotage: Sabotage = {}): Promise<FleetRun> {
  const simulation = new Simulation(seed, course, sabotage)
  try {
    await simulation.run()
  } catch (error) {
    simulation.broke(error)
  }
  return simulation
}

interface Asking {
  readonly node: SimulatedNode
  readonly url: string
  readonly came: number
  readonly floor: Floor
  readonly variant: string
}

class Simulation implements FleetRun {
  readonly violations: string[] = []
  readonly trace: string[] = []
  served = 0
  recalled = 0
  befallen = 0
  unvouched = 0
  readonly #time = new VirtualTime()
  readonly #random: () => number
  readonly #course: FleetCourse
  readonly #sabotage: Sabotage
  readonly #redis: ModelRedis
  readonly #origin: SimulatedOrigin
  readonly #promises = new Promises()
  readonly #nodes: SimulatedNode[] = []
  readonly #asking = new Set<Asking>()
  readonly #answeredBefore: Omit<Asking, 'floor'>[] = []
  #lives = 0

  constructor(seed: number, course: FleetCourse, sabotage: Sabotage) {
    this.#random = seeded(seed)
    this.#course = course
    this.#sabotage = sabotage
    this.#redis = new ModelRedis({ time: this.#time, random: this.#random, shards: course.shards, lag: course.lag, skew: course.skew })
    this.#origin = new SimulatedOrigin(this.#time, this.#random, course.origin, (text) => this.#tell(text))
  }

  get fetches(): number {
    return this.#origin.fetches.length
  }

  get purges(): number {
    return this.#promises.purges.length
  }

  get lost(): number {
    return this.#promises.purges.filter(({ lost }) => lost !== null).length
  }

  async run(): Promise<void> {
    const { seconds, requests, purges, misfortunes } = this.#course
    for (const place of NAMES.keys()) await this.#begin(place)
    await this.#until(500)
    const end = 500 + seconds * 1000
    this.#often(requests, end, () => this.#request(this.#any(this.#nodes), this.#any(KEYS)))
    this.#often(purges, end, () => this.#purge(this.#any(this.#nodes)))
    for (const [what, rate] of Object.entries(misfortunes)) this.#often(rate, end, () => this.#befall(what as keyof Misfortunes))
    await this.#until(end)
    await this.#settle()
    if (this.#course.coalesces) this.#checkFetches()
    for (const node of this.#nodes) {
      this.#tell(`${node.name} counted ${JSON.stringify(node.counted('tier'))}`)
      node.kill()
    }
  }

  /** The run could not be brought to its end. */
  broke(error: unknown): void {
    this.#violation(String(error instanceof Error ? error.stack : error))
  }

  /** All is well from now on: everybody gets what is right, and nobody waits for ever. */
  async #settle(): Promise<void> {
    this.#tell('all is well from now on')
    for (const node of this.#nodes) {
      node.link.mend()
      node.link.delay = QUICK
    }
    for (let shard = 0; shard < this.#redis.shards; shard++) this.#redis.master(shard).refuses = null
    // Nodes that are away come back, what stands still goes on.
    await this.#until(this.#time.now + 3500)
    for (const node of this.#nodes) if (node.dead) this.violations.push(`node ${node.name} did not come back`)
    for (const node of this.#nodes) for (const key of KEYS) this.#request(node, key)
    const longest = this.#time.now + LONGEST * 1000
    while (this.#asking.size > 0 && this.#time.now < longest) await this.#until(this.#time.now + 500)
    for (const { node, url, came } of this.#asking)
      this.#violation(`a request to ${node.name} for ${url}, of ${(came / 1000).toFixed(3)}, was never answered`)
    // What goes on in the background may have to wait for others, and for an origin that is slow.
    while (this.#claims().length > 0 && this.#time.now < longest) await this.#until(this.#time.now + 500)
    if (this.#course.skew < HONEST) for (const claim of this.#claims()) this.#violation(`the claim ${claim} does not end`)
  }

  /** Keys of claims that somebody has, with who it is. */
  #claims(): string[] {
    const claims: string[] = []
    for (let shard = 0; shard < this.#redis.shards; shard++) {
      const { keys } = this.#redis.master(shard)
      for (const key of keys.keys) if (key.endsWith(':l')) claims.push(`${key} of ${keys.get(key)?.toString()}`)
    }
    return claims
  }

  async #until(moment: number): Promise<void> {
    const time = this.#time
    while (time.next <= moment) {
      time.step()
      await everybody()
      this.#note()
    }
    time.pass(moment)
    this.#note()
  }

  #note(): void {
    const { now } = this.#time
    for (const node of this.#nodes) node.note(now)
    const living = this.#nodes.filter(({ dead }) => !dead)
    this.#promises.pass(living, now)
  }

  /** Does something that may cost the log some entries. */
  #harm(action: () => void): void {
    const before = this.#log(null)
    action()
    const after = new Map(this.#log(null).map(({ id, fields }) => [id, fields[1]]))
    if (before.some(({ id, fields }) => after.get(id)?.equals(fields[1] as Buffer) !== true)) this.#lose('the log has lost entries')
    this.#findLost()
  }

  #lose(what: string): void {
    this.#tell(what)
    this.#promises.lost(this.#time.now)
  }

  /** Does something so many times a second. */
  #often(rate: number, end: number, action: () => void): void {
    if (rate <= 0) return
    const next = (): void => {
      this.#time.after((-Math.log(1 - this.#random()) * 1000) / rate, () => {
        if (this.#time.now >= end) return
        action()
        next()
      })
    }
    next()
  }

  async #begin(place: number): Promise<void> {
    const name = NAMES[place] ?? '?'
    const node = new SimulatedNode({
      name: this.#lives++ < NAMES.length ? name : `${name}${this.#lives}`,
      redis: this.#redis,
      origin: this.#origin,
      random: this.#random,
      skew: (this.#random() - 0.5) * 2 * this.#course.skew,
      sabotage: this.#sabotage,
      wrong: (what) => this.#violation(what),
    })
    this.#nodes[place] = node
    this.#tell(`node ${node.name} begins`)
    await node.begin()
  }

  #request(node: SimulatedNode, url: string): void {
    // What comes to a node that stands still is looked at when it goes on.
    this.#time.after(
      0,
      () => {
        const floor = this.#promises.floor(node, url, this.#time.now)
        const variant = this.#random() < 0.5 ? 'one' : 'two'
        const asking: Asking = { node, url, came: this.#time.now, floor, variant }
        this.#asking.add(asking)
        this.#tell(`${node.name} is asked for ${url}${floor.any > 0 ? `, not older than version ${floor.any}` : ''}`)
        void node.request(url, [['x-v', variant]]).then((answer) => this.#answered(asking, answer))
      },
      node,
    )
  }

  #answered(asking: Asking, answer: NodeAnswer): void {
    const { node, url, floor } = asking
    this.#asking.delete(asking)
    // Nobody hears what a dead node says.
    if (node.dead) return
    this.#tell(`${node.name} answers ${url}: ${answer.status} ${answer.body.slice(0, 40)} (${answer.cacheStatus})`)
    if (answer.status !== 200 || answer.broken) return
    this.served++
    if (answer.cacheStatus.includes('tier=redis')) this.recalled++
    const told = readBody(answer.body)
    if (told !== null) this.#checkVouched(asking, told.version)
    if (told === null || told.url !== url) this.#violation(`${node.name} answered ${url} with another body: ${answer.body.slice(0, 60)}`)
    else if (told.variant !== 'all' && told.variant !== asking.variant)
      this.#violation(`${node.name} answered ${url} for ${asking.variant} with the variant for ${told.variant}`)
    else if (told.version < floor.hard) this.#tooOld(asking, told.version, floor.hard, floor.hardBy)
    else if (told.version < floor.any && isCalledFresh(answer)) this.#tooOld(asking, told.version, floor.any, floor.anyBy)
  }

  /**
   * A node that is cut off for longer than what is stored is vouched for serves it, and refreshes it: who comes when that is done gets what the origin
   * had a minute before the request that began it.
   */
  #checkVouched({ node, url, came, variant }: Asking, version: number): void {
    const from = node.cutSince + VOUCHED + 1000
    const before = this.#answeredBefore.findLast(
      (one) => one.node === node && one.url === url && one.variant === variant && one.came < came - REFRESHED,
    )
    this.#answeredBefore.push({ node, url, came, variant })
    if (before === undefined || before.came < from) return
    const failed = this.#origin.fetches.some(
      (fetch) => fetch.key === url && fetch.node === node.name && fetch.version === null && fetch.began > before.came - REFRESHED,
    )
    const least = this.#origin.versionAt(url, before.came - VOUCHED - 1000)
    this.unvouched++
    if (!failed && version < least)
      this.#violation(`${node.name}, cut off for long, served version ${version} of ${url} in place of ${least}`)
  }

  #tooOld({ node, url, came }: Asking, version: number, least: number, by: Purge | null): void {
    const purged = by === null ? '' : `, purged by ${by.node.name} at ${stamp(by.asked)}, answered at ${stamp(by.answered ?? 0)}`
    this.#violation(`${node.name}, asked at ${stamp(came)}, served version ${version} of ${url} in place of ${least}${purged}`)
  }

  /** The origin's content changes, then it is purged. */
  #purge(node: SimulatedNode): void {
    const [subject, keys] = this.#subject()
    for (const key of keys) if (this.#random() < 0.9) this.#origin.change(key)
    this.#time.after(this.#random() * 50, () => this.#carryOut(node, subject, keys), node)
  }

  #subject(): [Subject, readonly string[]] {
    const url = this.#any(KEYS)
    const dice = this.#random()
    if (dice < 0.35) return [{ by: 'key', key: keyOf({ url, host: HOST }) }, [url]]
    if (dice < 0.55) return [{ by: 'tags', tags: [`page${url.replace('/', '-')}`] }, [url]]
    if (dice < 0.65) return [{ by: 'tags', tags: ['other', 'pages'] }, KEYS]
    if (dice < 0.75) return [{ by: 'url', url, host: HOST }, [url]]
    if (dice < 0.85) return [{ by: 'ban', expression: `obj.url ~ ^${url}$` }, [url]]
    if (dice < 0.9) return [{ by: 'host', host: HOST }, KEYS]
    if (dice < 0.95) return [{ by: 'prefix', prefix: '/', host: HOST }, KEYS]
    return [{ by: 'all' }, KEYS]
  }

  #carryOut(node: SimulatedNode, subject: Subject, keys: readonly string[]): void {
    const soft = subject.by !== 'ban' && this.#random() < 0.25
    const versions = new Map(keys.map((key) => [key, this.#origin.version(key)]))
    const purge = this.#promises.asked({ node, keys, versions, soft, asked: this.#time.now })
    const what = `${soft ? 'soft ' : ''}${JSON.stringify(subject)}`
    this.#tell(`${node.name} purges ${what}: older than ${[...versions].map(([key, version]) => `${key} ${version}`).join(', ')}`)
    node.purge(subject, soft).then(
      (result) => this.#purged(node, purge, result),
      (error: unknown) => this.#violation(`a purge on ${node.name} failed: ${String(error)}`),
    )
  }

  #purged(node: SimulatedNode, purge: Purge, { fleet }: Invalidated): void {
    if (node.dead) return
    purge.answered = this.#time.now
    purge.told = fleet?.state === 'told'
    purge.waiting = new Set([...this.#asking].filter(({ url }) => purge.versions.has(url)).map((asking) => asking.node)).size
    this.#tell(
      `${node.name} has purged: ${fleet === undefined ? 'alone' : `${fleet.state} at ${fleet.position === null ? '-' : idOf(fleet.position)}`}`,
    )
    if (fleet?.state !== 'told' || fleet.position === null) return
    const item = this.#log(node.link.master(0) === this.#redis.master(0) ? null : node).find(({ id }) => id === idOf(fleet.position ?? 0))
    if (item !== undefined) purge.entry = { id: item.id, value: item.fields[1] as Buffer }
    // It went to a master that is none any more.
    this.#findLost()
  }

  /** The log as the masters have it, or as a node sees it that has not heard of the present ones. */
  #log(node: SimulatedNode | null): readonly StreamItem[] {
    for (let shard = 0; shard < this.#redis.shards; shard++) {
      const { keys } = node?.link.master(shard) ?? this.#redis.master(shard)
      for (const key of keys.keys) if (key.endsWith('}:s')) return keys.xrange(key, '-', '+')
    }
    return []
  }

  /** Which purges the log has lost that it had when they were answered. */
  #findLost(): void {
    const log = new Map(this.#log(null).map(({ id, fields }) => [id, fields[1]]))
    for (const purge of this.#promises.purges) {
      if (!purge.told || purge.trimmed || purge.node.dead) continue
      if (purge.entry !== null && log.get(purge.entry.id)?.equals(purge.entry.value) === true) continue
      if (purge.lost === null) this.#lose('the log has lost an entry that was told')
      purge.lost = this.#time.now
    }
  }

  #befall(what: keyof Misfortunes): void {
    const random = this.#random
    const place = Math.floor(random() * this.#nodes.length)
    const node = this.#nodes[place] as SimulatedNode
    if (node.dead) return
    this.befallen++
    const shard = Math.floor(random() * this.#redis.shards)
    const ms = Math.ceil(random() ** 2 * this.#course.cuts * 1000)
    const [first] = Array.from({ length: this.#redis.shards }, (_, i) => this.#redis.master(i))
    switch (what) {
      case 'cut':
        this.#tell(`${node.name} is cut off from Redis for ${ms} ms`)
        node.link.sever()
        this.#time.after(ms, () => {
          this.#tell(`${node.name} can reach Redis again`)
          node.link.mend()
        })
        return
      case 'slow': {
        const most = 10 + random() * 150
        this.#tell(`Redis is up to ${Math.round(most)} ms away from ${node.name} for ${ms} ms`)
        node.link.delay = { least: most / 4, most }
        this.#time.after(ms, () => {
          node.link.delay = QUICK
        })
        return
      }
      case 'failover': {
        const lingers = random() < 0.5 ? 0 : random() * 400
        this.#tell(
          `failover of shard ${shard}: ${this.#redis.unreplicated(shard)} changes are lost, the old master stays ${Math.round(lingers)} ms`,
        )
        this.#harm(() => this.#redis.failover(shard, lingers))
        return
      }
      case 'worst':
        this.#worst(place)
        return
      case 'restart':
        this.#restart(place, random() * 2000)
        return
      case 'freeze':
        this.#tell(`${node.name} stands still for ${ms} ms`)
        node.frozen = Math.max(node.frozen, this.#time.now + ms)
        return
      case 'flush':
        this.#tell('Redis loses everything')
        this.#harm(() => this.#redis.flush())
        return
      case 'evict':
        this.#harm(() => this.#tell(`Redis evicts ${this.#redis.evict(0.3)} keys`))
        return
      case 'trim':
        this.#tell('the log is trimmed')
        this.#trim(Math.floor(random() * 3))
        return
      case 'refuse':
        this.#tell(`Redis takes no writes for ${ms} ms`)
        if (first !== undefined) first.refuses = 'OOM command not allowed when used memory > ‘maxmemory’.'
        this.#time.after(ms, () => {
          if (first !== undefined) first.refuses = null
        })
        return
      default:
        what satisfies never
    }
  }

  #restart(place: number, pause: number): void {
    const node = this.#nodes[place] as SimulatedNode
    if (node.dead) return
    this.#tell(`node ${node.name} ends`)
    node.kill()
    for (const asking of this.#asking) if (asking.node === node) this.#asking.delete(asking)
    this.#time.after(pause, () => void this.#begin(place))
  }

  #worst(place: number): void {
    const time = this.#time
    const url = this.#any(KEYS)
    const others = this.#nodes.filter((node, index) => index !== place && !node.dead)
    if (others.length === 0) return
    this.#tell('replicas hear nothing of their masters')
    this.#redis.stall(3000)
    for (let i = 0; i < 4; i++)
      time.after(100 * i, () => {
        this.#purge(this.#any(others))
        this.#request(this.#any(others), url)
      })
    time.after(650, () => {
      this.#restart(place, 20)
      const lag = this.#random() * 100
      time.after(lag, () => {
        for (let shard = 0; shard < this.#redis.shards; shard++) {
          const keys = this.#redis.master(shard).keys.keys
          if (!keys.some((key) => key.endsWith('}:s'))) continue
          this.#tell(`failover of the log: ${this.#redis.unreplicated(shard)} changes are lost`)
          this.#harm(() => this.#redis.failover(shard, 0))
        }
      })
      for (let i = 1; i < 4; i++)
        time.after(lag + 40 * i, () => {
          const node = this.#nodes[place] as SimulatedNode
          if (!node.dead) this.#purge(node)
        })
    })
  }

  #trim(left: number): void {
    const before = new Set(this.#log(null).map(({ id }) => id))
    for (let i = 0; i < this.#redis.shards; i++) {
      const { keys } = this.#redis.master(i)
      for (const key of keys.keys) if (key.endsWith('}:s')) keys.xtrim(key, left)
    }
    const after = new Set(this.#log(null).map(({ id }) => id))
    for (const purge of this.#promises.purges)
      if (purge.entry !== null && before.has(purge.entry.id) && !after.has(purge.entry.id)) purge.trimmed = true
  }

  /**
   * While all is well, one fetch brings a content for all. Each misfortune may cost one more, and a purge one for each node on which somebody waits
   * for another node's fetch: that node's own claim is older than the purge, so that what it fetches is for those who wait alone.
   */
  #checkFetches(): void {
    for (const key of KEYS) {
      const purges = this.#promises.purges.filter(({ versions, answered }) => versions.has(key) && answered !== null)
      const times = [{ begin: 0, waiting: 0 }, ...purges.map(({ answered, waiting }) => ({ begin: (answered ?? 0) + TELLING, waiting }))]
      for (const { begin, waiting } of times) {
        const end = Math.min(...purges.map(({ asked }) => asked).filter((asked) => asked > begin - TELLING))
        const fetches = this.#origin.fetches.filter(
          ({ key: its, began, version }) => its === key && version !== null && began > begin && began < end,
        )
        if (fetches.length <= 1 + waiting + this.befallen) continue
        const each = fetches.map(({ node, began }) => `${node} ${stamp(began)}`)
        this.#violation(`${fetches.length} fetches of ${key} between ${stamp(begin)} and ${stamp(end)}: ${each.join(', ')}`)
      }
    }
  }

  #any<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T
  }

  #tell(text: string): void {
    this.trace.push(`${stamp(this.#time.now)} ${text}`)
  }

  #violation(text: string): void {
    this.violations.push(`at ${stamp(this.#time.now)}: ${text}`)
    this.#tell(`!!! ${text}`)
  }
}

type Subject = PurgeSubject | { readonly by: 'key'; readonly key: string }

function stamp(ms: number): string {
  return (ms / 1000).toFixed(4)
}

function isCalledFresh({ cacheStatus }: NodeAnswer): boolean {
  const [, ttl] = /; hit; ttl=(-?\d+)/.exec(cacheStatus) ?? []
  return ttl !== undefined && Number(ttl) > 0
}
