/** What a page asks of whoever can make requests: the one thing that assembling needs to know of them. */
import type { Body } from '../body/body.ts'
import type { Reference } from './address.ts'

/** A string has a latin-1 character for each byte. */
export type Bytes = Buffer | string

/** What came of a request for a fragment. */
export type FragmentAnswer =
  | { readonly type: 'whole'; readonly bytes: Bytes }
  /** Read once, or left with `cancel`. */
  | { readonly type: 'body'; readonly body: Body }
  | { readonly type: 'failed'; readonly detail: string }

export interface FragmentRequest {
  /** Nobody waits for it any more, or reads what it answered. Harmless when it is over. */
  cancel(): void
}

export interface Fragments {
  /** Begins a request; `null`: it leads where no request may go. `answered` is called once, perhaps before this returns, unless it is cancelled. */
  request(reference: Reference, answered: (answer: FragmentAnswer) => void): FragmentRequest | null
  /** An include was left out, or the page broken off, because of this one. */
  failed(written: string, detail: string): void
}

/** What is left to one client's page, the pages within it included. */
export class PageAllowance {
  /** Includes that may still be asked for. */
  includes: number
  /** Bytes that may still be sent. */
  bytes: number
  /** Milliseconds that may still be waited for fragments. */
  patience: number

  constructor(limits: { readonly includes: number; readonly bytes: number; readonly patience: number }) {
    this.includes = limits.includes
    this.bytes = limits.bytes
    this.patience = limits.patience
  }
}

/** Of one page that a client asked for. Bytes, and milliseconds spent waiting for fragments. */
export const PAGE_LIMITS: ConstructorParameters<typeof PageAllowance>[0] = {
  includes: 100,
  bytes: 64 * 1024 * 1024,
  patience: 60_000,
}
