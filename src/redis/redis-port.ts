/** Redis for one thread: objects, claims and the channel that wakes who waits. Loads its client when it is opened, not before. */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { RedisSettings } from '../config/settings.ts'
import type { EventLog } from '../log.ts'
import { redisTarget } from './address.ts'
import { ClusterRoutes } from './cluster-routes.ts'
import type { Asked, Dialing } from './connection.ts'
import type { Link, Replies } from './link.ts'
import { Load } from './load.ts'
import { type Lane, RedisFailure, type RedisPort, type Reply, type Script, type Stored, type Writing } from './port.ts'
import { type Redirect, ReplyError, redirectOf } from './reply-error.ts'
import type { Routes } from './routes.ts'
import { ServerRoutes } from './server-routes.ts'
import { StateLog } from './state-log.ts'
import { Subscriber } from './subscriber.ts'

export interface RedisPortInit {
  readonly settings: RedisSettings
  readonly clock: Clock
  /** Gets a line for each change of state. */
  readonly log: EventLog
}

/** Bytes of a value that are read at most; what is longer is nothing of ours, and comes cut off. */
export const LONGEST_VALUE: number = 1024 * 1024
/** Bytes for which a whole deadline is granted. */
const STRIDE = 512 * 1024
const MOST_REDIRECTS = 5

/** Throws a `TypeError` for servers that cannot be used; whether somebody is there is seen later. */
export function openRedisPort(init: RedisPortInit): RedisPort {
  return new LivePort(init)
}

class LivePort implements RedisPort {
  readonly #dialing: Dialing
  readonly #routes: Routes
  readonly #states: StateLog
  readonly #clock: Clock
  /** Milliseconds. */
  readonly #deadline: number
  readonly #load = new Load()
  readonly #digests = new Map<string, string>()
  #subscriber: Subscriber | null = null

  constructor({ settings, clock, log }: RedisPortInit) {
    const target = redisTarget(settings.servers, settings.password)
    this.#clock = clock
    this.#deadline = settings.deadline * 1000
    this.#dialing = { target, ca: settings.ca, clock }
    this.#states = new StateLog(log, target.shown)
    const links = { dialing: this.#dialing, deadline: this.#deadline, load: this.#load }
    const [first] = target.endpoints
    if (target.type === 'cluster' || first === undefined) this.#routes = new ClusterRoutes(links, target.endpoints, this.#states)
    else this.#routes = new ServerRoutes(links, first, this.#states)
  }

  get state(): 'ready' | 'away' {
    return this.#routes.ready ? 'ready' : 'away'
  }

  async read(keys: readonly string[], lane: Lane): Promise<readonly (Stored | null)[]> {
    const [first] = keys
    if (first === undefined) return []
    const commands = keys.flatMap((key): Asked[] => [
      ['getrange', key, 0, LONGEST_VALUE],
      ['pttl', key],
    ])
    const { replies, link } = await this.#ask(lane, first, commands, lane === 'bulk' ? keys.length : 1)
    return keys.map((_, index) => {
      const value = replies[index * 2]
      const left = replies[index * 2 + 1]
      if (value instanceof ReplyError && value.code === 'WRONGTYPE') return { value: Buffer.alloc(0), left: 0 }
      this.#refuse('getrange', value, left)
      if (!Buffer.isBuffer(value) || typeof left !== 'number' || left < -2) throw this.#astray(link)
      if (left === -2) return null
      return { value, left: left === -1 ? Number.POSITIVE_INFINITY : left }
    })
  }

  async write(writings: readonly Writing[], lane: Lane): Promise<void> {
    const [first] = writings
    if (first === undefined) return
    const commands = writings.map(({ key, value, life }): Asked => ['set', key, value, 'PX', Math.max(1, Math.floor(life))])
    const bytes = writings.reduce((sum, { value }) => sum + value.length, 0)
    const { replies, link } = await this.#ask(lane, first.key, commands, Math.ceil(bytes / STRIDE))
    this.#refuse('set', ...replies)
    if (!replies.every((reply) => Buffer.isBuffer(reply) && reply.equals(OK))) throw this.#astray(link)
  }

  async remove(keys: readonly string[]): Promise<void> {
    const [first] = keys
    if (first === undefined) return
    const { replies, link } = await this.#ask('small', first, [['unlink', ...keys]], 1)
    this.#refuse('unlink', ...replies)
    if (typeof replies[0] !== 'number') throw this.#astray(link)
  }

  async run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<Reply> {
    const bytes = args.reduce<number>((sum, arg) => sum + (typeof arg === 'number' ? 8 : arg.length), 0)
    const began = this.#clock.now()
    const patience = Math.max(1, Math.ceil(bytes / STRIDE))
    const key = keys[0] ?? null
    let { replies } = await this.#ask('small', key, [['evalsha', this.#digest(script), keys.length, ...keys, ...args]], patience)
    if (replies[0] instanceof ReplyError && replies[0].code === 'NOSCRIPT') {
      const spent = (this.#clock.now() - began) / this.#deadline
      replies = (await this.#ask('small', key, [['eval', script.lua, keys.length, ...keys, ...args]], patience - spent)).replies
    }
    this.#refuse(script.name, ...replies)
    return replies[0] as Reply
  }

  subscribe(channel: string, heard: (message: string) => void): void {
    this.#subscriber ??= new Subscriber({
      dialing: this.#dialing,
      anywhere: () => this.#routes.anywhere(),
      told: (reason) => {
        if (reason === null) this.#states.accepted('subscribe')
        else this.#states.refused('subscribe', reason.split(' ', 1)[0] ?? '', reason)
      },
    })
    this.#subscriber.subscribe(channel, heard)
  }

  distrust(lane: Lane): void {
    this.#routes.distrust(lane, 'an answer was not that to its question')
  }

  stop(): void {
    this.#subscriber?.stop()
    this.#routes.stop()
  }

  /** Asks who serves the key, and whom that one sends to. `deadlines`: how many deadlines it may take. */
  async #ask(lane: Lane, key: string | null, commands: readonly Asked[], deadlines: number): Promise<{ replies: Replies; link: Link }> {
    const end = this.#clock.now() + Math.max(1, deadlines) * this.#deadline
    let link: Link | null = this.#routes.link(lane, key)
    let asking = false
    for (let redirects = 0; ; redirects++) {
      if (link === null) throw new RedisFailure('away', 'no node is known that serves the key')
      const left = Math.max(0, end - this.#clock.now())
      const answered: Replies = await link.ask(asking ? commands.flatMap((command): Asked[] => [['asking'], command]) : commands, left, key)
      const replies: Replies = asking ? answered.filter((_, index) => index % 2 === 1) : answered
      const redirect = redirectAmong(replies)
      if (redirect === null) return { replies, link }
      if (redirects === MOST_REDIRECTS) throw new RedisFailure('refused', `it was sent on more than ${MOST_REDIRECTS} times`)
      asking = redirect.type === 'ASK'
      link = this.#routes.redirected(lane, redirect, link)
    }
  }

  /** Throws for the first error among the answers. */
  #refuse(command: string, ...replies: readonly (Replies[number] | undefined)[]): void {
    const error = replies.find((reply) => reply instanceof ReplyError)
    if (error === undefined) {
      this.#states.accepted(command)
      return
    }
    if (TOLD.has(error.code)) this.#states.refused(command, error.code, error.text)
    throw new RedisFailure('refused', error.text)
  }

  #astray(link: Link): RedisFailure {
    link.distrust('an answer was not that to its question')
    return new RedisFailure('lost', 'the answer was not that to the question')
  }

  #digest({ name, lua }: Script): string {
    const known = this.#digests.get(name)
    if (known !== undefined) return known
    const digest = createHash('sha1').update(lua).digest('hex')
    this.#digests.set(name, digest)
    return digest
  }
}

function redirectAmong(replies: Replies): Redirect | null {
  for (const reply of replies) {
    const redirect = reply instanceof ReplyError ? redirectOf(reply) : null
    if (redirect !== null) return redirect
  }
  return null
}

const OK: Buffer = Buffer.from('OK')

/** Errors of single commands that an operator has to do something about. Those of the connection and the server are told of as its state. */
const TOLD: ReadonlySet<string> = new Set(['OOM', 'MISCONF', 'NOREPLICAS', 'NOPERM', 'ERR'])
