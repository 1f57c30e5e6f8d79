/** A piece of work for a cache, as data: what is asked, how the cache is set up, and what every answer must be. */
import type { Shape } from './requests.ts'

/** `hit`: all is stored before. `pass`: nothing may be stored. `miss`: every URL is new, fetched and stored. */
export type Work = 'hit' | 'pass' | 'miss'

/** `uniform`: every key as often as any other. `zipf`: the n-th key in proportion to 1/n. */
export type Draw = 'uniform' | 'zipf'

export interface Scenario {
  /** What `--scenario` calls it. */
  readonly name: string
  readonly title: string
  readonly work: Work
  readonly shape: Shape
  /** Fields of the request beside those of its shape. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Of the stored representation. */
  readonly bodyBytes: number
  /** Many URLs in place of one. */
  readonly keys: { readonly count: number; readonly draw: Draw } | null
  /** A second server of ours, in place of all others, is asked for so many of the keys only: what growth costs. */
  readonly few: number | null
  /** For stored bodies, the same for every cache. */
  readonly memory: string
  /** `hooks`: read and set fields when a request comes, when its key is made, and when it is answered. `vcl`: the same, translated from VCL. */
  readonly policy: 'none' | 'hooks' | 'vcl'
  /** What the origin says that its body is coded in, to a cache that would decode it for clients that do not take that. Nobody here does. */
  readonly coding: 'br' | null
  /** Whether each request is logged as JSON to a file. */
  readonly log: boolean
  /**
   * `beside`: ours has a Redis that has nothing to do, and a second server of ours, in place of all others, has none. `source`: what is asked for
   * lies in Redis, and not in memory.
   */
  readonly redis: 'none' | 'beside' | 'source'
  readonly expect: Expectation
}

export interface Expectation {
  readonly status: number
  /** The part of the representation that the answer carries. */
  readonly from: number
  readonly bytes: number
  /** Names of fields that must be there, as they are written. */
  readonly fields: readonly string[]
}
