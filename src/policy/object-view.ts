/** The nouns `obj` and `objStale`: a stored object, read only. */
import type { ObjStale } from '../../vcl-ts/context.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { CachedObject } from '../object/object.ts'

export class ObjectView implements ObjStale {
  readonly #object: CachedObject
  readonly #now: number
  readonly uncacheable: boolean
  readonly isValid: boolean
  #headers: HeaderMap | null = null

  constructor(object: CachedObject, now: number, uncacheable: boolean, isValid: boolean = true) {
    this.isValid = isValid
    this.#object = object
    this.#now = now
    this.uncacheable = uncacheable
  }

  get status(): number {
    return this.#object.status
  }

  get reason(): string {
    return this.#object.reason
  }

  /** A copy: what is stored stays as it is. */
  get headers(): HeaderMap {
    this.#headers ??= this.#object.headers.clone()
    return this.#headers
  }

  get hits(): number {
    return this.#object.hits
  }

  get age(): number {
    return this.#object.age(this.#now)
  }

  get ttl(): number {
    return this.#object.left(this.#now)
  }

  get grace(): number {
    return this.#object.grace
  }

  get staleIfError(): number {
    return this.#object.staleIfError
  }

  get keep(): number {
    return this.#object.keep
  }

  get esi(): boolean {
    return this.#object.esi
  }

  get tags(): ReadonlySet<string> {
    return new Set(this.#object.tags)
  }
}
