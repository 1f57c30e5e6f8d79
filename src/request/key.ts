/** The primary key: length-prefixed parts, so that no part can pretend to be another. By default URL and host. */
import { createHash } from 'node:crypto'
import type { Action } from '../../vcl-ts/actions.ts'
import type { Key } from '../../vcl-ts/context.ts'
import { type Director, directorOf } from '../../vcl-ts/directors/director.ts'
import { keyOf } from '../../vcl-ts/directors/key-by.ts'
import { armIndex } from '../../vcl-ts/directors/split.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { keyPart } from '../object/key-text.ts'
import { failedHook } from './hooks.ts'
import { LOOKUP, PIPE, passStep, purgeStep, type RequestStep, synthStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

/** The host of the last key, and what it is in keys. Most requests have the same, as the same string. */
let latestHost = ''
let latestPart = keyPart('')

function hostPart(host: string): string {
  if (host !== latestHost) {
    latestHost = host
    latestPart = keyPart(host)
  }
  return latestPart
}

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
    const place = keyPart(url) + hostPart(this.#host)
    return this.#parts === '' ? place : place + this.#parts
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
    context.begins()
    const action = runHook(tx.policy.compiled, 'hash', context, tx.policy.limit)
    if (action instanceof Promise || action.type !== 'lookup') return failedHook(tx, 'hash', action as Action)
    tx.dropScheme = !primary.withScheme
  }
  if (next.way === 'lookup' && tx.asksWithBody) addBody(tx, primary)
  tx.key = primary.text
  const choice = req.backend ?? tx.policy.backend ?? tx.engine.defaultBackend
  if (choice !== null && choice.type === 'director') takeArm(tx, choice)
  else if (tx.arm !== '') leaveArm(tx)
  switch (next.way) {
    case 'lookup':
      return LOOKUP
    case 'pass':
      return passStep(next.reason)
    case 'pipe':
      return PIPE
    case 'purge':
      return purgeStep(next.soft, next.subject)
    case 'synth':
      return synthStep(next.synth)
    default:
      return next satisfies never
  }
}

/** What the arms of a split answer is kept apart, and who belongs to one is fetched for there. */
function takeArm(tx: RequestTransaction, director: Director): void {
  const { req } = tx
  const split = directorOf(director)
  leaveArm(tx)
  if (split.kind !== 'split' || !split.keyed) return
  const source = { url: req.url, hash: '', identity: tx.client.identity, header: (name: string) => req.headers.joinedLower(name) }
  const index = armIndex(split, director.kind === 'keyed' ? director.key : keyOf(split.by, source))
  tx.arm = split.names[index] ?? ''
  tx.armTo = split.members[index] ?? null
  tx.armFrom = req.backend
}

function leaveArm(tx: RequestTransaction): void {
  tx.arm = ''
  tx.armTo = null
  tx.forgetVariant()
}
