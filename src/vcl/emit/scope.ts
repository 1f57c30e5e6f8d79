/** One function that is being written: the hooks that it runs in, and what it takes out of their context. */
import { LEGAL, NOUNS, type RequestHook } from '../../../vcl-ts/legal.ts'
import type { HookSub } from '../checked-ast.ts'
import type { Span } from '../source.ts'
import { type PolicyModule, Refusal } from './module.ts'

/** Our hooks by VCL's names. */
export const HOOK_OF: Readonly<Record<Exclude<HookSub, 'vcl_init' | 'vcl_fini'>, RequestHook>> = {
  vcl_recv: 'recv',
  vcl_hash: 'hash',
  vcl_hit: 'hit',
  vcl_miss: 'miss',
  vcl_pass: 'pass',
  vcl_pipe: 'pipe',
  vcl_purge: 'purge',
  vcl_deliver: 'deliver',
  vcl_synth: 'synth',
  vcl_backend_fetch: 'backendFetch',
  vcl_backend_refresh: 'backendRefresh',
  vcl_backend_response: 'backendResponse',
  vcl_backend_error: 'backendError',
}

const ORDER: readonly string[] = [
  ...['req', 'client', 'session', 'now', 'state', 'key', 'purged', 'obj', 'resp', 'bereq', 'beresp', 'objStale'],
  ...['log', 'healthy', 'invalidate'],
]

export class Scope {
  readonly module: PolicyModule
  readonly subs: readonly HookSub[]
  readonly #uses = new Set<string>()
  /** It hands its whole context on. */
  handsOn = false
  /** Text goes into a page, where characters are what they are; elsewhere each is a byte. */
  page = false
  /** Whether it can wait for anything. */
  readonly waits: boolean
  #answers = 0
  /** What its promises resolve with, where it gives any: always an action, or perhaps nothing. */
  promises: 'never' | 'decide' | 'perhaps' = 'never'
  /** What has to be said before the statement that is being written. */
  #remarks: string[] = []

  constructor(module: PolicyModule, subs: readonly HookSub[]) {
    this.module = module
    this.subs = subs
    this.waits = !subs.includes('vcl_hash')
  }

  /** A noun, verb or tool of the context. */
  use(name: string): string {
    this.#uses.add(name)
    return name
  }

  /** Something of the client's side, where this function is of the backend's: `recv` puts it into the state. */
  carry(field: string, begin: string, noun: string, code: string): string {
    this.module.state.set(field, begin)
    this.module.carried.set(field, { noun, code })
    return `${this.use('state')}.${field}`
  }

  /** Whether all hooks that it runs in have this noun. */
  has(noun: string): boolean {
    return this.subs.every((sub) => sub !== 'vcl_init' && sub !== 'vcl_fini' && (NOUNS[HOOK_OF[sub]] as readonly string[]).includes(noun))
  }

  /** Whether a verb is legal in all hooks that it runs in. */
  may(verb: string): boolean {
    return this.subs.every((sub) => sub !== 'vcl_init' && sub !== 'vcl_fini' && (LEGAL[HOOK_OF[sub]] as readonly string[]).includes(verb))
  }

  runsIn(sub: HookSub): boolean {
    return this.subs.includes(sub)
  }

  get isBackendSide(): boolean {
    return this.subs.some((sub) => sub.startsWith('vcl_backend_'))
  }

  /** A name for what a sub answers. */
  answer(): string {
    return ++this.#answers === 1 ? 'decided' : `decided${this.#answers}`
  }

  /** Says something about the statement that is being written. */
  remark(text: string): void {
    this.#remarks.push(text)
  }

  takeRemarks(): readonly string[] {
    const remarks = this.#remarks
    this.#remarks = []
    return remarks
  }

  refuse(span: Span, reason: string, hint: string | null = null): never {
    throw new Refusal(span, reason, hint)
  }

  /** What it takes out of its context, nouns first. */
  get used(): readonly string[] {
    const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length)
    return [...this.#uses].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  }

  /** The parameter of the function, and the first line of its body, if it needs one. */
  parameter(): { readonly parameter: string; readonly first: string | null } {
    const { used } = this
    const list = `{ ${used.join(', ')} }`
    if (!this.handsOn) return { parameter: used.length === 0 ? '' : list, first: null }
    return { parameter: 'context', first: used.length === 0 ? null : `const ${list} = context` }
  }
}
