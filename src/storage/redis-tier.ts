/** The tier behind memory in a Redis that nodes share. Whatever goes wrong there, the origin is asked: nothing here rejects or throws. */
import type { Clock } from '../clock.ts'
import type { RedisSettings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { FleetView } from '../object/fleet-view.ts'
import { StoredBody } from '../object/stored-body.ts'
import type { FleetClaim, Keeping, Recalled, Refusing, Tier, Wanted } from '../object/tier.ts'
import { Deadlines } from '../redis/deadlines.ts'
import type { RedisPort } from '../redis/port.ts'
import { chunksOf } from './chunk-frame.ts'
import { type FrameSeal, openFrame } from './frame.ts'
import { bringsCredentials, unkeepable } from './keepable.ts'
import { objectOf, readObject } from './object-frame.ts'
import { RedisBacklog } from './redis-backlog.ts'
import { RedisChunks } from './redis-chunks.ts'
import { RedisClaim, RedisClaims } from './redis-claims.ts'
import { type FrameNames, RedisKeys } from './redis-keys.ts'
import { type FoundObject, type Looked, RedisLookup } from './redis-lookup.ts'
import { RedisRamp } from './redis-ramp.ts'
import { RedisTallies } from './redis-tallies.ts'
import { Within } from './redis-within.ts'
import { RedisWrites, type Written } from './redis-writes.ts'
import { markerOf } from './refusal-frame.ts'

export interface RedisTierInit {
  readonly port: RedisPort
  readonly seal: FrameSeal & FrameNames
  readonly settings: Pick<RedisSettings, 'prefix' | 'maxObject' | 'claims' | 'deadline'>
  readonly fleet: FleetView
  readonly clock: Clock
  readonly counters: Counters
  /** Position of this thread's own log of invalidations. */
  readonly local: () => number
}

/** Under which the answers of a key lie; a policy may have dropped it. Those of split arms are left to the log. */
const SCHEMES: readonly string[] = ['http', 'https', '']

const NOTHING: Recalled = { type: 'nothing', claim: null }
const ALONE: Recalled = { type: 'alone' }

export class RedisTier implements Tier {
  readonly #init: RedisTierInit
  readonly #keys: RedisKeys
  readonly #tallies: RedisTallies
  readonly #chunks: RedisChunks
  readonly #lookup: RedisLookup
  readonly #writes: RedisWrites
  readonly #claims: RedisClaims | null
  /** Of all who wait. */
  readonly #deadlines: Deadlines
  readonly #ramp = new RedisRamp()
  readonly #backlog = new RedisBacklog()
  #stopped = false

  constructor(init: RedisTierInit) {
    const { port, seal, settings, fleet, clock } = init
    const keys = new RedisKeys(seal, settings.prefix)
    const tallies = new RedisTallies(init.counters)
    const chunks = new RedisChunks({ port, seal, keys })
    const channel = keys.claims
    this.#init = init
    this.#keys = keys
    this.#tallies = tallies
    this.#deadlines = new Deadlines(clock, (look) => clock.after(0, look))
    this.#chunks = chunks
    this.#lookup = new RedisLookup({ port, seal, keys, fleet, clock, tallies, local: init.local })
    this.#writes = new RedisWrites({ port, seal, keys, chunks, fleet, clock, tallies, channel })
    this.#claims = settings.claims ? new RedisClaims({ port, channel, clock, tallies }) : null
  }

  get position(): number {
    return this.#init.fleet.position
  }

  async recall(wanted: Wanted): Promise<Recalled> {
    const { port, fleet } = this.#init
    // Without the log nothing can be said of what lies there, nor whether what is fetched may be written.
    this.#ramp.sees(port.state, this.#init.clock.now())
    if (this.#stopped || port.state === 'away' || !fleet.ready) return NOTHING
    try {
      return await this.#recall(wanted)
    } catch (error) {
      this.#tallies.failed(error)
      return NOTHING
    }
  }

  keep(keeping: Keeping): void {
    const { object, names } = keeping
    const claim = ownClaim(keeping.claim)
    const why = unkeepable(object, names, this.#init.settings.maxObject)
    const segments = why === null ? segmentsOf(object.body) : null
    if (why !== null || segments === null) {
      this.#tallies.keptOut(why ?? 'incomplete')
      keeping.claim?.release('alone')
      return
    }
    this.#push(object.body.length ?? 0, claim, () => this.#writes.object(keeping, segments, claim))
  }

  refuse(refusing: Refusing): void {
    const claim = ownClaim(refusing.claim)
    if (bringsCredentials(refusing.names)) {
      this.#tallies.keptOut('credentials')
      refusing.claim?.release('alone')
      return
    }
    this.#push(0, claim, () => this.#writes.refusal(refusing, claim))
  }

  forget(key: string): void {
    const run = (): Promise<void> => this.#forget(key)
    if (this.#init.port.state === 'ready') this.#backlog.push({ bytes: 0, run, failed: (error) => this.#tallies.failed(error) })
  }

  stop(): void {
    this.#stopped = true
    this.#backlog.stop()
    this.#claims?.stop()
  }

  async #recall(wanted: Wanted): Promise<Recalled> {
    const { clock, fleet } = this.#init
    let within = this.#within()
    const began = clock.now()
    let looked = await this.#lookup.look(wanted, within)
    this.#tallies.took(clock.now() - began)
    let waited = false
    for (;;) {
      const answer = await this.#usable(looked)
      if (answer !== null) return answer
      if (this.#claims === null || wanted.until <= clock.now()) {
        if (waited) this.#tallies.gaveUp()
        return (await this.#stale(looked, null)) ?? NOTHING
      }
      const since = fleet.position
      const turn = await this.#claims.turn(looked, wanted.until, within, () => fleet.refusalVerdict(wanted.key, since) === 'hard')
      switch (turn.type) {
        case 'ours':
          return this.#ours(wanted, looked, turn.claim, turn.changed)
        case 'alone':
          return ALONE
        case 'changed':
          waited = true
          break
        default:
          turn satisfies never
      }
      within = this.#within()
      looked = await this.#lookup.look(wanted, within)
    }
  }

  /** With a claim: what came just before it was got is used, else the origin is to be asked. */
  async #ours(wanted: Wanted, before: Looked, claim: RedisClaim, changed: boolean): Promise<Recalled> {
    let looked = before
    try {
      if (changed) {
        looked = await this.#lookup.look(wanted, this.#within())
        const answer = await this.#usable(looked)
        if (answer !== null) {
          claim.release('again')
          return answer
        }
      }
      return (await this.#stale(looked, claim)) ?? { type: 'nothing', claim }
    } catch (error) {
      this.#tallies.failed(error)
      return { type: 'nothing', claim }
    }
  }

  /** What can be answered without asking the origin. */
  async #usable({ found }: Looked): Promise<Recalled | null> {
    if (found === null) return null
    if (found.type === 'object') return found.freshness === 'stale' ? null : this.#object(found, null)
    const { names, variant, key, since } = found.frame
    const position = this.#init.local()
    if (this.#init.fleet.refusalVerdict(key, since) !== 'valid') return null
    return { type: 'refused', marker: markerOf(found.frame, found.until, position), names, variant }
  }

  /** What is stale can be confirmed, or served where the origin fails. */
  #stale({ found }: Looked, claim: FleetClaim | null): Promise<Recalled | null> {
    return found !== null && found.type === 'object' && found.freshness === 'stale' ? this.#object(found, claim) : Promise.resolve(null)
  }

  /** Tested once more when all of it is here, and adopted at once. */
  async #object({ frame, object: found, key, storedAt }: FoundObject, claim: FleetClaim | null): Promise<Recalled | null> {
    const { fleet, clock, local, settings } = this.#init
    if (frame.bodyLength > settings.maxObject) return null
    const body = frame.mark === null ? null : await this.#body(key, frame.mark, frame.bodyLength)
    if (frame.mark !== null && body === null) return null
    const now = clock.now()
    // First the position, then the verdict: what comes between is in both. One that was found whole has an earlier position, so it is in more.
    const object = body === null ? found : objectOf(frame, storedAt, local(), body)
    const { names, variant, since } = frame
    const verdict = fleet.verdict(object, names, variant, since, now)
    if (verdict !== 'valid' && verdict !== 'soft') return this.#lookup.outdated(key)
    if (verdict === 'soft') object.soften(now)
    return { type: 'object', object, names, variant, claim }
  }

  async #body(key: string, mark: Buffer, length: number): Promise<Buffer | null> {
    const read = await this.#chunks.read(key, mark, length)
    switch (read.type) {
      case 'body':
        this.#tallies.read(length)
        return read.body
      case 'foreign':
        return this.#lookup.distrust('chunk', key)
      case 'stray':
        return this.#lookup.distrust('key', key, 'bulk')
      case 'failed':
      case 'busy':
        return null
      default:
        return read satisfies never
    }
  }

  async #forget(primary: string): Promise<void> {
    const { port, seal } = this.#init
    const keys = this.#keys
    const bases = SCHEMES.map((scheme) => keys.base(primary, scheme))
    const read = await port.read(bases, 'small')
    const gone = bases.flatMap((base, index) => {
      const stored = read[index] ?? null
      const frame = stored === null ? 'frame' : openFrame(seal, base, stored.value)
      const pieces = typeof frame === 'string' || frame.kind !== 'object' ? 0 : piecesOf(frame.told, primary)
      return [base, keys.refusal(base, [], '', true), ...Array.from({ length: pieces }, (_, piece) => keys.chunk(base, piece))]
    })
    await port.remove(gone)
  }

  #push(bytes: number, claim: RedisClaim | null, write: () => Promise<Written>): void {
    const { port, clock } = this.#init
    const failed = (error: unknown): void => {
      this.#tallies.failed(error)
      claim?.release('alone')
    }
    const run = async (): Promise<void> => {
      const written = await write()
      if (written === 'written') return
      this.#tallies.keptOut(written)
      claim?.release(written === 'overtaken' ? 'again' : 'alone')
    }
    if (!this.#stopped && this.#ramp.admits(port.state, clock.now()) && this.#backlog.push({ bytes, run, failed })) return
    this.#tallies.dropped()
    claim?.release('alone')
  }

  #within(): Within {
    return new Within(this.#deadlines, this.#init.settings.deadline * 1000)
  }
}

/** A claim that is not of this kind was not got here. */
function ownClaim(claim: FleetClaim | null): RedisClaim | null {
  return claim instanceof RedisClaim ? claim : null
}

/** The bytes as they lie there now; `null`: they are gone. Later they may be elsewhere. */
function segmentsOf(body: Keeping['object']['body']): readonly Buffer[] | null {
  try {
    return body instanceof StoredBody ? body.segments : null
  } catch {
    return null
  }
}

function piecesOf(told: Buffer, primary: string): number {
  try {
    const { key, mark, bodyLength } = readObject(told)
    return key === primary && mark !== null ? chunksOf(bodyLength) : 0
  } catch {
    return 0
  }
}
