/** Everything that makes stored objects unusable: the one door for every surface (HTTP, policy, admin, command line). */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { keyPart } from '../object/key-text.ts'
import type { CachedObject } from '../object/object.ts'
import type { ObjectTable } from '../object/table.ts'

export interface Invalidated {
  /** Objects that went, or were made stale, so far. */
  readonly objects: number
  /** `false`: a ban whose older objects have not all been tested yet; each of them is tested before it is served. */
  readonly complete: boolean
  /** Of a ban, as `ban.list` has it. */
  readonly id?: string
}

/** A ban as `ban.list` shows it. */
export interface BanInfo {
  readonly id: string
  readonly expression: string
  /** When it was added, epoch milliseconds. */
  readonly added: number
  /** Stored objects that are older than it and have not been tested against it. */
  readonly references: number
  readonly state: 'active' | 'completed'
  readonly objects: number
}

/** What of the table it needs. */
export type Purgeable = Pick<ObjectTable, 'purge' | 'purgeSubject'>

export class Invalidation {
  readonly #table: Purgeable

  constructor(table: Purgeable) {
    this.#table = table
  }

  /** Everything under one primary key, at once. */
  purgeKey(key: string, soft: boolean): Invalidated {
    return { objects: this.#table.purge(key, soft).objects, complete: true }
  }

  /** What a subject names; `gone` is told of each object that goes. From the moment this is called no older copy is served. */
  purge(subject: PurgeSubject, soft: boolean, gone?: (object: CachedObject) => void): Invalidated | Promise<Invalidated> {
    void gone
    if (subject.by === 'ban') throw new Error('not there yet')
    if (subject.by === 'url') return this.purgeKey(`${keyPart(subject.url)}${keyPart(subject.host ?? '')}`, soft)
    return { objects: this.#table.purgeSubject(subject, soft).objects, complete: true }
  }

  /** How many objects a purge of this would take. */
  count(subject: PurgeSubject): Promise<number> {
    void subject
    return Promise.reject(new Error('not there yet'))
  }

  /** Newest first. */
  bans(): readonly BanInfo[] {
    return []
  }
}
