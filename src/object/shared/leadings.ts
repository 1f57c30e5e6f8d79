/** Fetches of this worker that others follow: each is told what those who wait here are told, and gets the bytes as they come. */
import type { BodyEnd, BodyFlow, BodySink } from '../../body/body.ts'
import type { ClaimOutcome, Waiter } from '../claim.ts'
import { Filling } from '../filling.ts'
import type { LocalClaim } from '../head.ts'
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import { StoredBody } from '../stored-body.ts'
import type { ClaimRegister, Identity } from './claim-register.ts'
import type { ToFollower, ToHolder } from './messages.ts'
import { RecordDraft } from './record.ts'
import { tellFailure } from './told-failure.ts'

export interface LeadingsInit {
  readonly table: LocalTable
  readonly register: ClaimRegister
  readonly now: () => number
  /** Whether it is another worker's fetch, or what one brings. */
  readonly followed: (which: LocalClaim | CachedObject) => boolean
  readonly post: (participant: number, message: ToFollower) => void
}

/**
 * Bytes on their way to another worker, which it has not read: more than a turn of the event loop brings, so that only a worker whose clients are
 * slow falls behind those of this one.
 */
const WINDOW = 8 * 1024 * 1024

export class Leadings {
  readonly #init: LeadingsInit
  /** By worker and by its number. */
  readonly #all = new Map<number, Map<number, Leading>>()

  constructor(init: LeadingsInit) {
    this.#init = init
  }

  receive(participant: number, message: ToHolder): void {
    if (message.type === 'follow') this.#follow(participant, message)
    else if (message.type === 'read') this.#all.get(participant)?.get(message.id)?.read(message.bytes)
    else this.#end(participant, message.id)
  }

  /** A worker died. */
  lost(participant: number): void {
    for (const id of [...(this.#all.get(participant)?.keys() ?? [])]) this.#end(participant, id)
    this.#all.delete(participant)
  }

  #follow(participant: number, wanted: Identity & { readonly id: number }): void {
    const { table, register, followed } = this.#init
    const { id } = wanted
    const post = (message: ToFollower): void => {
      if (isLast(message)) this.#all.get(participant)?.delete(id)
      this.#init.post(participant, message)
    }
    const leading = new Leading(id, post)
    table.settle(wanted.key)
    const claim = claimOf(table.claimsUnder(wanted.key), wanted)
    const object = wanted.range === null ? this.#arriving(wanted) : null
    if (claim !== null && !followed(claim)) {
      this.#add(participant, id, leading)
      if (claim.overtakenAt !== null) post({ type: 'overtaken', id, at: claim.overtakenAt })
      leading.leaveQueue = table.wait(claim, leading)
    } else if (object !== null && !followed(object)) {
      this.#add(participant, id, leading)
      leading.lead(object)
    } else post({ type: register.disown(wanted) ? 'again' : 'none', id })
  }

  /** What arrives for an identity: as it was foretold, or as its claim brought it. Only who waited for it may have what is stale by now. */
  #arriving(wanted: Identity): CachedObject | null {
    const { table, register, now } = this.#init
    const arriving = table.arrivingUnder(wanted.key)
    const brought = register.brought(wanted)
    const object = brought !== null && arriving.includes(brought) ? brought : arrivingOf(arriving, wanted)
    return object !== null && object.freshness(now()) === 'fresh' ? object : null
  }

  #add(participant: number, id: number, leading: Leading): void {
    let leadings = this.#all.get(participant)
    if (leadings === undefined) {
      leadings = new Map()
      this.#all.set(participant, leadings)
    }
    leadings.set(id, leading)
  }

  #end(participant: number, id: number): void {
    const leadings = this.#all.get(participant)
    leadings?.get(id)?.leave()
    leadings?.delete(id)
  }
}

class Leading implements Waiter, BodySink {
  leaveQueue: (() => void) | null = null
  readonly #id: number
  readonly #post: (message: ToFollower) => void
  #flow: BodyFlow | null = null
  #unread = 0
  #paused = false
  #over = false

  constructor(id: number, post: (message: ToFollower) => void) {
    this.#id = id
    this.#post = post
  }

  released(outcome: ClaimOutcome): void {
    const id = this.#id
    switch (outcome.type) {
      case 'object':
        this.#lead(outcome.object, outcome.names, outcome.variant)
        return
      case 'failed': {
        const { cause, page } = outcome
        this.#post({ type: 'failed', id, failure: tellFailure(cause), page: page === null ? null : recordOf(page, [], '', bytesOf(page)) })
        return
      }
      case 'alone':
      case 'again':
        this.#post({ type: outcome.type, id })
        return
      default:
        outcome satisfies never
    }
  }

  /** What can be found as it arrives. */
  lead(object: CachedObject): void {
    const { slot } = object
    if (slot !== null) this.#lead(object, slot.spec.names, slot.variant)
  }

  #lead(object: CachedObject, names: readonly string[], variant: string): void {
    const { body } = object
    const arriving = body instanceof Filling
    const record = recordOf(object, names, variant, arriving ? null : bytesOf(object))
    this.#post({ type: 'object', id: this.#id, record, kept: arriving && body.keeping, arriving })
    if (!arriving) return
    const flow = body.read(this)
    if (!this.#over) this.#flow = flow
  }

  chunk(bytes: Buffer): boolean {
    // What is posted is a copy, which goes over whole.
    const copy = new Uint8Array(bytes)
    this.#post({ type: 'bytes', id: this.#id, bytes: copy })
    this.#unread += bytes.length
    this.#paused = this.#unread >= WINDOW
    return !this.#paused
  }

  end(end: BodyEnd): void {
    this.#over = true
    this.#post({ type: 'end', id: this.#id, broken: end.type === 'complete' ? null : tellFailure(end.cause) })
  }

  read(bytes: number): void {
    this.#unread -= bytes
    if (!this.#paused || this.#unread >= WINDOW) return
    this.#paused = false
    this.#flow?.resume()
  }

  leave(): void {
    this.leaveQueue?.()
    if (!this.#over) this.#flow?.cancel(new Error('the worker that read it has left'))
    this.#over = true
  }
}

function isLast(message: ToFollower): boolean {
  return message.type === 'object' ? !message.arriving : message.type !== 'bytes' && message.type !== 'overtaken'
}

/** A fetch under way of this identity; one that others may join rather than one that was overtaken. */
function claimOf(claims: Iterable<LocalClaim>, wanted: Identity): LocalClaim | null {
  let overtaken: LocalClaim | null = null
  for (const claim of claims) {
    if (claim.credentialed !== wanted.credentialed || claim.range !== wanted.range || claim.variant !== wanted.variant) continue
    if (claim.names.join() !== wanted.names.join()) continue
    if (claim.overtakenAt === null) return claim
    overtaken = claim
  }
  return overtaken
}

/** What arrives under the variant that a claim foretold. */
function arrivingOf(objects: readonly CachedObject[], { names, variant }: Identity): CachedObject | null {
  return objects.find(({ slot }) => slot !== null && slot.variant === variant && slot.spec.names.join() === names.join()) ?? null
}

function recordOf(object: CachedObject, names: readonly string[], variant: string, body: Buffer | null): Uint8Array {
  const draft = new RecordDraft({ entry: object, names, variant, body })
  const record = Buffer.alloc(draft.size)
  draft.write(record, 0, 0)
  return record
}

function bytesOf({ body }: CachedObject): Buffer {
  return body instanceof StoredBody ? (body.whole ?? Buffer.concat(body.segments)) : Buffer.alloc(0)
}
