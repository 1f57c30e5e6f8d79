/** A client's request as a fetch sees it. */
import type { PurgeOptions } from '../../vcl-ts/actions.ts'
import type { Purged } from '../../vcl-ts/context.ts'
import type { BackendChoice } from '../../vcl-ts/directors/director.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { ReplayBody } from '../body/replay.ts'
import type { FetchRequest, SliceWish } from '../fetch/start.ts'
import type { ClientEnds } from '../origin/proxy-header.ts'
import { withNote } from '../policy/notes.ts'
import type { OpenTransaction } from '../vsl/journal.ts'
import type { RequestTransaction } from './transaction.ts'

/** As it is when the fetch begins: hooks may change it afterwards, and a restart renumbers it. */
export class ForwardedRequest implements FetchRequest {
  method: string
  readonly scheme: string
  readonly url: string
  readonly host: string
  readonly headers: HeaderMap
  body: ReplayBody | null
  ownMethod: boolean
  readonly backend: BackendChoice | null
  key: string
  readonly identity: string
  readonly credentialed: boolean
  readonly authorized: boolean
  readonly noStore: boolean
  slice: SliceWish | null
  readonly upgrade: string | null
  readonly xid: number
  readonly log: OpenTransaction | null
  readonly #tx: RequestTransaction
  /** Whether its answers have no variants. */
  #plain = false

  /** `upgrade`: the protocol that the origin is asked for; `null`: none. */
  constructor(tx: RequestTransaction, upgrade: string | null) {
    tx.client.forward()
    const { req } = tx
    this.method = req.method
    this.scheme = req.scheme
    this.url = req.url
    this.host = req.host
    this.headers = req.headers
    this.body = tx.body
    this.ownMethod = tx.asksWithBody
    this.backend = tx.armTo !== null && req.backend === tx.armFrom ? tx.armTo : req.backend
    this.key = tx.key
    this.identity = tx.client.identity
    this.credentialed = tx.credentialed
    this.authorized = req.headers.hasLower('authorization')
    this.noStore = tx.policy.honoursClient && req.cacheControl.noStore
    this.slice = tx.slicing
    this.upgrade = upgrade
    this.xid = tx.xid
    this.log = tx.log === null ? null : tx.log.open
    this.#tx = tx
  }

  /** Asks for a slice of a file, which has a key of its own. */
  askForSlice(slice: SliceWish, key: string): this {
    this.method = 'GET'
    this.body = null
    this.ownMethod = false
    this.key = key
    this.slice = slice
    this.#plain = true
    return this
  }

  get id(): string {
    return `${this.#tx.engine.idPrefix}${this.xid}`
  }

  client(): ClientEnds {
    return this.#tx.client.ends()
  }

  keyOf(url: string): string {
    return this.#tx.primary?.withUrl(url) ?? this.key
  }

  variant(names: readonly string[]): string {
    return this.#plain ? '' : this.#tx.variant(names)
  }

  note(key: string, value: string): void {
    this.#tx.notes = withNote(this.#tx.notes, key, value)
  }

  invalidate(options?: PurgeOptions): Promise<Purged> {
    return this.#tx.invalidate(options)
  }
}
