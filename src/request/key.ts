/** The primary key: length-prefixed parts, so that no part can pretend to be another. By default URL and host. */
import { createHash } from 'node:crypto'
import type { Action } from '../../vcl-ts/actions.ts'
import type { Key } from '../../vcl-ts/context.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { keyPart } from '../object/key-text.ts'
import { failedHook } from './hooks.ts'
import { LOOKUP, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

export class PrimaryKey implements Key {
  #url: string | null
  #host: string | null
  #parts = ''
  #scheme = true

  constructor(url: string, host: string) {
    this.#url = url
    this.#host = host
  }

  add(value: string): void {
    this.#parts += keyPart(String(value))
  }

  clear(): void {
    this.#url = null
    this.#host = null
    this.#parts = ''
  }

  dropScheme(): void {
    this.#scheme = false
  }

  get withScheme(): boolean {
    return this.#scheme
  }

  get text(): string {
    return this.withUrl(this.#url)
  }

  /** The key of another URL, all else being equal. */
  withUrl(url: string | null): string {
    if (this.#url === null || this.#host === null || url === null) return `-${this.#parts}`
    return `${keyPart(url)}${keyPart(this.#host)}${this.#parts}`
  }
}

/** A request that is looked up with its body asks for what no other method and no other body asks for. */
function addBody(tx: RequestTransaction, primary: PrimaryKey): void {
  primary.add(tx.req.method)
  primary.add(
    createHash('sha256')
      .update(tx.collected ?? '')
      .digest('base64url'),
  )
}

/** Makes the key of every request; `hash` may change it. */
export function makeKey(tx: RequestTransaction, next: Extract<RequestStep, { step: 'key' }>): RequestStep {
  const { req } = tx
  const primary = new PrimaryKey(req.url, req.host)
  tx.primary = primary
  if (tx.policy.compiled.hooks.hash !== null) {
    const context = tx.hooks()
    context.key = primary
    const action = runHook(tx.policy.compiled, 'hash', context, tx.policy.limit)
    if (action instanceof Promise || action.type !== 'lookup') return failedHook(tx, 'hash', action as Action)
    tx.dropScheme = !primary.withScheme
  }
  if (next.way === 'lookup' && tx.asksWithBody) addBody(tx, primary)
  tx.key = primary.text
  switch (next.way) {
    case 'lookup':
      return LOOKUP
    case 'pass':
      return { step: 'pass', refusal: null, reason: next.reason }
    case 'pipe':
      return { step: 'pipe' }
    case 'purge':
      return { step: 'purge', soft: next.soft, subject: next.subject }
    default:
      return next satisfies never
  }
}
