/** The snapshot of the fleet's log that lies in Redis: read by nodes that begin or have missed much, written by whoever finds the last one old. */
import type { FleetSnapshot } from '../object/fleet-view.ts'
import type { RedisPort } from '../redis/port.ts'
import { type EntrySeal, readText, sealText } from './fleet-entry.ts'
import { SNAPSHOT } from './fleet-scripts.ts'
import { snapshotOf } from './fleet-snapshot.ts'

export interface KeptSnapshot {
  readonly log: FleetSnapshot
  /** Of the entry at its position. */
  readonly mark: string
}

export interface SnapshotsInit {
  readonly port: Pick<RedisPort, 'read' | 'run'>
  readonly seal: EntrySeal
  readonly key: string
  readonly unread: () => void
  /** Entries after which a snapshot is old. */
  readonly every: number
}

const DIGITS = 16
const MARK = /^[0-9a-f]{40}$/
/** Characters of its subjects together, at most; and bytes of the whole. */
const CHARACTERS: number = 512 * 1024
const MOST: number = 1024 * 1024
const LIFE: number = 30 * 24 * 3600 * 1000

export class FleetSnapshots {
  readonly #init: SnapshotsInit
  /** Entries read since the last snapshot that is known of. */
  #since = 0
  #writing = false

  constructor(init: SnapshotsInit) {
    this.#init = init
  }

  /** `null`: there is none that can be believed. Rejects with a `RedisFailure`. */
  async read(): Promise<KeptSnapshot | null> {
    const { port, key, unread } = this.#init
    const [stored] = await port.read([key], 'bulk')
    if (stored == null) return null
    const kept = this.#parse(stored.value)
    if (kept === null) unread()
    else this.#since = 0
    return kept
  }

  /** An entry was read. Whether it is time to write. */
  count(): boolean {
    this.#since++
    return this.#since >= this.#init.every && !this.#writing
  }

  /** In the background. `log` answers what is known, in so many characters. */
  write(log: (characters: number) => FleetSnapshot, mark: string): void {
    const { port, key } = this.#init
    const [digits, value] = this.#value(log, mark, CHARACTERS)
    this.#writing = true
    this.#since = 0
    const done = (): void => {
      this.#writing = false
    }
    // What fails is done another time, or by another node.
    port.run(SNAPSHOT, [key], [digits, value, LIFE]).then(done, done)
  }

  /** What has many characters that are long as JSON gets fewer of them. */
  #value(log: (characters: number) => FleetSnapshot, mark: string, characters: number): readonly [digits: string, value: Buffer] {
    const snapshot = log(characters)
    const digits = String(snapshot.position).padStart(DIGITS, '0')
    const value = Buffer.concat([Buffer.from(digits), sealText(this.#init.seal, JSON.stringify({ mark, log: snapshot }))])
    return value.length > MOST ? this.#value(log, mark, characters / 4) : [digits, value]
  }

  #parse(value: Buffer): KeptSnapshot | null {
    const text = readText(this.#init.seal, value.subarray(DIGITS))
    if (text === null) return null
    let read: unknown
    try {
      read = JSON.parse(text)
    } catch {
      return null
    }
    if (typeof read !== 'object' || read === null || !('mark' in read) || !('log' in read)) return null
    const { mark } = read
    const log = snapshotOf(read.log)
    return log === null || typeof mark !== 'string' || !MARK.test(mark) ? null : { log, mark }
  }
}
