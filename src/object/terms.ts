/** What many stored answers have alike: how they are worded, kept and judged. One instance serves all that came one after the other. */
import { reasonPhrase } from '../wire/status.ts'
import { ownText } from './own.ts'
import { sharedNames } from './shared-text.ts'
import type { StoredCoding } from './stored-coding.ts'

export interface TermsInit {
  readonly status: number
  readonly reason: string
  readonly withheld: readonly string[]
  readonly grace: number
  readonly staleIfError: number
  readonly staleIfErrorExplicit: boolean
  readonly keep: number
  readonly retention: 'max' | 'sum'
  readonly dated: boolean
  readonly mustRevalidate: boolean
  readonly lifetimeSource: string
  readonly backend: string
  readonly esi: boolean
  readonly sliced: boolean
  readonly coding: StoredCoding | null
}

/** Those that new answers are compared with. */
const RECENT = 32

const recent: Terms[] = []
let oldest = 0

export class Terms implements TermsInit {
  readonly status: number
  readonly reason: string
  readonly withheld: readonly string[]
  readonly grace: number
  readonly staleIfError: number
  readonly staleIfErrorExplicit: boolean
  readonly keep: number
  readonly retention: 'max' | 'sum'
  readonly dated: boolean
  readonly mustRevalidate: boolean
  readonly lifetimeSource: string
  readonly backend: string
  readonly esi: boolean
  readonly sliced: boolean
  readonly coding: StoredCoding | null

  constructor(init: TermsInit) {
    const phrase = reasonPhrase(init.status)
    this.status = init.status
    this.reason = phrase === init.reason ? phrase : ownText(init.reason)
    this.withheld = sharedNames(init.withheld)
    this.grace = init.grace
    this.staleIfError = init.staleIfError
    this.staleIfErrorExplicit = init.staleIfErrorExplicit
    this.keep = init.keep
    this.retention = init.retention
    this.dated = init.dated
    this.mustRevalidate = init.mustRevalidate
    this.lifetimeSource = init.lifetimeSource
    this.backend = init.backend
    this.esi = init.esi
    this.sliced = init.sliced
    this.coding = init.coding
  }
}

/** Terms that are made, or were lately made, of the same. */
export function sharedTerms(init: TermsInit): Terms {
  for (const terms of recent) if (equal(terms, init)) return terms
  const terms = new Terms(init)
  recent[oldest] = terms
  oldest = (oldest + 1) % RECENT
  return terms
}

function equal(a: TermsInit, b: TermsInit): boolean {
  return (
    a.status === b.status &&
    a.grace === b.grace &&
    a.staleIfError === b.staleIfError &&
    a.keep === b.keep &&
    a.staleIfErrorExplicit === b.staleIfErrorExplicit &&
    a.dated === b.dated &&
    a.esi === b.esi &&
    a.sliced === b.sliced &&
    a.mustRevalidate === b.mustRevalidate &&
    a.retention === b.retention &&
    a.lifetimeSource === b.lifetimeSource &&
    a.backend === b.backend &&
    a.coding === b.coding &&
    a.reason === b.reason &&
    a.withheld.length === b.withheld.length &&
    a.withheld.every((name, i) => name === b.withheld[i])
  )
}
