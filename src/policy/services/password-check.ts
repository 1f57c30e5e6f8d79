/** Carries out `basicAuth`. Hashing is slow on purpose: what it found is remembered for a while, few are hashed at a time, and few wait. */
import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Maybe } from '../../../vcl-ts/maybe.ts'
import type { BasicAuth, BasicAuthWork } from '../../../vcl-ts/services/basic-auth.ts'
import type { Clock } from '../../clock.ts'
import { isPassword, parseScrypt, type ScryptHash } from './scrypt.ts'

/** Milliseconds for which a password stays right, and wrong. */
const RIGHT = 60_000
const WRONG = 10_000
const MOST = 10_000
/** Hashed at a time in each thread: those of Node that do it are four. */
const AT_A_TIME = 2
const WAITING = 100
/** Characters. */
const LONGEST = 1024

interface Found {
  readonly right: boolean
  readonly until: number
}

export class PasswordCheck implements BasicAuthWork {
  readonly #clock: Clock
  readonly #hashes: ReadonlyMap<string, ScryptHash>
  readonly #verify: (name: string, password: string) => Maybe<boolean>
  /** What is remembered is found by a hash under a key of this process: no password stays in memory. */
  readonly #secret = randomBytes(32)
  readonly #found = new LRUCache<string, Found>({ max: MOST })
  readonly #underWay = new Map<string, Promise<boolean | null>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ users, verify }: BasicAuth, clock: Clock) {
    this.#clock = clock
    this.#hashes = new Map(Object.entries(users ?? {}).map(([name, text]) => [name, parsed(name, text)]))
    this.#verify = verify ?? ((name, password) => this.#compare(name, password))
  }

  check(name: string, password: string): Maybe<boolean | null> {
    if (name.length + password.length > LONGEST) return false
    const key = createHmac('sha256', this.#secret).update(`${name.length}:${name}${password}`).digest('base64')
    const found = this.#found.get(key)
    if (found !== undefined && found.until > this.#clock.now()) return found.right
    const before = this.#underWay.get(key)
    if (before !== undefined) return before
    if (this.#waiting.length >= WAITING) return null
    const checking = this.#check(key, name, password).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, checking)
    // Whoever does not wait for it must not end the process.
    checking.catch(() => undefined)
    return checking
  }

  stop(): void {
    this.#found.clear()
  }

  async #check(key: string, name: string, password: string): Promise<boolean> {
    if (this.#running >= AT_A_TIME) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      const right = (await this.#verify(name, password)) === true
      this.#found.set(key, { right, until: this.#clock.now() + (right ? RIGHT : WRONG) })
      return right
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  /** Who does not exist costs as much as who does. */
  async #compare(name: string, password: string): Promise<boolean> {
    const hash = this.#hashes.get(name)
    const [any] = this.#hashes.values()
    const other = hash ?? any
    if (other === undefined) return false
    return (await isPassword(password, other)) && hash !== undefined
  }
}

function parsed(name: string, text: string): ScryptHash {
  const hash = parseScrypt(text)
  if (hash === null) throw new TypeError(`basicAuth: the password of ${name} is not hashed with scrypt`)
  return hash
}
