/**
 * Claims of this worker whose fetch is another worker's. Those who wait here are told what they would be told there; an object that arrives there
 * arrives here, too, as the bytes come.
 */
import { type Body, type BodyEnd, type BodyFlow, type BodySink, COMPLETE } from '../../body/body.ts'
import { RequestFailure } from '../../errors.ts'
import { OVERTAKEN_WAIT } from '../claim.ts'
import { Filling, type FillingLimits } from '../filling.ts'
import type { LocalClaim } from '../head.ts'
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import { EMPTY_BODY } from '../stored-body.ts'
import type { ClaimRegister } from './claim-register.ts'
import type { ToFollower, ToHolder } from './messages.ts'
import { type Label, readLabel, readObject, recordBodyLength } from './record.ts'
import { heardFailure } from './told-failure.ts'

export interface FollowingsInit {
  readonly table: LocalTable
  readonly register: ClaimRegister
  readonly limits: FillingLimits
  readonly now: () => number
  /** `false`: that worker cannot be reached. */
  readonly post: (participant: number, message: ToHolder) => boolean
}

export class Followings {
  readonly #init: FollowingsInit
  readonly #byId = new Map<number, Following>()
  readonly #claims = new Map<LocalClaim, Following>()
  readonly #objects = new Set<CachedObject>()
  #nextId = 1

  constructor(init: FollowingsInit) {
    this.#init = init
  }

  /** The claim is answered by what another worker's fetch brings. `false`: that worker cannot be reached. */
  follow(claim: LocalClaim, holder: number): boolean {
    const id = this.#nextId++
    const { key, names, variant, credentialed, range } = claim
    if (!this.#init.post(holder, { type: 'follow', id, key, names, variant, credentialed, range })) return false
    const following = new Following(this.#init, this, id, holder, claim)
    this.#byId.set(id, following)
    this.#claims.set(claim, following)
    return true
  }

  /** Whether this is another worker's fetch, or what one brings. */
  has(which: LocalClaim | CachedObject): boolean {
    return this.#objects.has(which as CachedObject) || this.#claims.has(which as LocalClaim)
  }

  /** What arrives here from other workers; a copy, so that they may go meanwhile. */
  get objects(): readonly CachedObject[] {
    return [...this.#objects]
  }

  receive(message: ToFollower): void {
    this.#byId.get(message.id)?.receive(message)
  }

  /** A worker died: what it fetched is looked up again, what arrived from it breaks off. */
  lost(participant: number): void {
    for (const following of [...this.#byId.values()]) if (following.holder === participant) following.breakOff()
  }

  brings(object: CachedObject): void {
    this.#objects.add(object)
  }

  settled(claim: LocalClaim): void {
    this.#claims.delete(claim)
  }

  ended(id: number, claim: LocalClaim, object: CachedObject | null): void {
    this.#byId.delete(id)
    this.#claims.delete(claim)
    if (object !== null) this.#objects.delete(object)
  }
}

class Following implements BodyFlow {
  readonly holder: number
  readonly #init: FollowingsInit
  readonly #all: Followings
  readonly #id: number
  readonly #claim: LocalClaim
  #object: CachedObject | null = null
  #sink: BodySink | null = null
  #paused = false
  /** What came while the reader paused, at most what the holder sends unasked. */
  #waiting: Buffer[] = []
  #last: BodyEnd | null = null
  #flowing = false
  #over = false

  constructor(init: FollowingsInit, all: Followings, id: number, holder: number, claim: LocalClaim) {
    this.#init = init
    this.#all = all
    this.#id = id
    this.holder = holder
    this.#claim = claim
  }

  receive(message: ToFollower): void {
    const { table } = this.#init
    switch (message.type) {
      case 'none':
        // Nobody fetches it, though it seems so: then this one does.
        this.#init.register.goAlone(this.#claim)
        this.#release('again')
        return
      case 'again':
      case 'alone':
        this.#release(message.type)
        return
      case 'overtaken':
        this.#claim.overtake(message.at)
        if (this.#init.now() - message.at < OVERTAKEN_WAIT) return
        this.#init.register.takeOver(this.#claim, this.holder)
        this.#release('again')
        return
      case 'failed': {
        const page = message.page === null ? null : objectIn(bufferOf(message.page)).object
        this.#end()
        table.release(this.#claim, { type: 'failed', cause: heardFailure(message.failure), page })
        return
      }
      case 'object':
        this.#arrives(bufferOf(message.record), message.kept, message.arriving)
        return
      case 'bytes':
        this.#bytes(bufferOf(message.bytes))
        return
      case 'end':
        this.#last = message.broken === null ? COMPLETE : { type: 'reset', cause: heardFailure(message.broken) }
        this.#flow()
        return
      default:
        message satisfies never
    }
  }

  /** The holder is no more. */
  breakOff(): void {
    this.#over = true
    this.#end()
    if (!this.#claim.released) this.#init.table.release(this.#claim, { type: 'again' })
    this.#sink?.end({ type: 'reset', cause: new RequestFailure('incomplete', 'the worker that fetched it ended') })
  }

  resume(): void {
    this.#paused = false
    this.#flow()
  }

  cancel(): void {
    this.#over = true
    this.#end()
    this.#init.post(this.holder, { type: 'leave', id: this.#id })
  }

  #arrives(record: Buffer, kept: boolean, arriving: boolean): void {
    const { table } = this.#init
    const { object, label } = objectIn(record)
    if (!arriving) {
      this.#end()
      table.publish(this.#claim, object, label.names, label.variant, false)
      table.complete(object)
      return
    }
    this.#object = object
    const length = recordBodyLength(record, 0)
    const filling: Filling = new Filling(length, kept, this.#init.limits, {
      oversize: () => table.discard(object),
      deserted: () => filling.abort(new RequestFailure('cancelled')),
      filled: (_end, stored) => {
        if (stored !== null) object.body = stored
        table.discard(object)
      },
    })
    object.body = filling
    this.#all.settled(this.#claim)
    this.#all.brings(object)
    // Who is told first may want nothing of it and leave before the next is told.
    const letGo = filling.hold()
    table.publish(this.#claim, object, label.names, label.variant, false)
    filling.fill(new ArrivingBody(length, (sink) => this.#connect(sink)))
    letGo()
  }

  #connect(sink: BodySink): BodyFlow {
    this.#sink = sink
    return this
  }

  #bytes(bytes: Buffer): void {
    this.#waiting.push(bytes)
    this.#flow()
  }

  /** Passes on what has come, and tells the holder, until the reader pauses. */
  #flow(): void {
    const sink = this.#sink
    if (sink === null || this.#flowing) return
    this.#flowing = true
    while (!this.#paused && !this.#over) {
      const bytes = this.#waiting.shift()
      if (bytes === undefined) break
      if (!sink.chunk(bytes)) this.#paused = true
      this.#init.post(this.holder, { type: 'read', id: this.#id, bytes: bytes.length })
    }
    this.#flowing = false
    if (this.#last === null || this.#waiting.length > 0 || this.#over) return
    this.#end()
    sink.end(this.#last)
  }

  #release(type: 'again' | 'alone'): void {
    this.#end()
    this.#init.table.release(this.#claim, { type })
  }

  #end(): void {
    this.#all.ended(this.#id, this.#claim, this.#object)
  }
}

/** The bytes that another worker's fetch brings, read once. */
class ArrivingBody implements Body {
  readonly length: number | null
  readonly #connect: (sink: BodySink) => BodyFlow

  constructor(length: number | null, connect: (sink: BodySink) => BodyFlow) {
    this.length = length
    this.#connect = connect
  }

  read(sink: BodySink): BodyFlow {
    return this.#connect(sink)
  }
}

function objectIn(record: Buffer): { readonly object: CachedObject; readonly label: Label } {
  return { object: readObject(record, 0, { body: () => EMPTY_BODY }), label: readLabel(record, 0) }
}

/** Structured clone makes plain arrays of buffers. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
