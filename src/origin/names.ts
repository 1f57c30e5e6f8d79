/** What is known of names: the contract between who resolves them, once in a process, and who connects, in every thread. */

/** One address of a name. */
export interface Address {
  readonly host: string
  /** From an SRV record; `null`: the backend's own. */
  readonly port: number | null
  /** Those with the lowest come first; equal for all without SRV records. */
  readonly priority: number
  /** Share among those with the same priority; 0: hardly any. */
  readonly weight: number
}

/** What is known of one name. Plain data, for other threads, too. */
export interface Answer {
  /**
   * `known`: its addresses, kept even while nobody answers. `unknown`: it has none, or none that is not too old. `resting`: nobody has asked
   * for so long that its addresses may have changed since.
   */
  readonly state: 'known' | 'unknown' | 'resting'
  /** Each of them once, in the order of their text. */
  readonly addresses: readonly Address[]
  /** Why there is nothing, or nothing new; `''`: it was answered. */
  readonly trouble: string
}

/** Names are host names, or such as begin with `_`, whose SRV records are asked for. */
export interface Names {
  /** What is known now, if anything. From now on `told` hears of each answer, also one that says the same again. */
  watch(name: string, told: (answer: Answer) => void): Answer | null
  /** Somebody connects there, or is connected: the name is resolved when it has to be, and `told` hears of it. */
  want(name: string): void
  close(): void
}
