/**
 * What a fleet promises, as it can be seen from outside: which version of a key a request may get, by the purges that were answered before it
 * came and by who could reach Redis since (INVALIDATION.md, promises 1 to 3).
 */

/** Milliseconds after which a purge that was answered is in force on all nodes that can reach Redis, and after a node can reach it again. */
export const WINDOW = 1000
/** Milliseconds that a node may take to see that it can reach Redis again, or that the log has lost something. */
export const NOTICE = 1100

/** A life of a node, from its start to its end. */
export interface Witness {
  readonly name: string
  readonly dead: boolean
  /** Moment since when Redis, the real master, can be reached without a break; infinite while it cannot. */
  readonly wellSince: number
}

export interface Purge {
  readonly node: Witness
  readonly keys: readonly string[]
  /** The origin's, when it was asked for: whatever is older was fetched before. */
  readonly versions: ReadonlyMap<string, number>
  readonly soft: boolean
  readonly asked: number
  answered: number | null
  /** Whether it was in the log when it was answered. */
  told: boolean
  /** Moment at which the log is known to have lost it, after which its node has to tell it again; `null`: it has not. */
  lost: number | null
  /** Whatever the log's entry was, to see whether it is there still. */
  entry: { readonly id: string; readonly value: Buffer } | null
  /** Nodes on which somebody waited for one of the keys when it was answered. */
  waiting: number
  /** The log has dropped it, as it does with what is old: who has not read it knows that. */
  trimmed: boolean
}

export interface Floor {
  /** Nothing older. */
  readonly hard: number
  /** Nothing older that is called fresh. */
  readonly any: number
  /** The purges that they come from, for the trace. */
  readonly hardBy: Purge | null
  readonly anyBy: Purge | null
}

export class Promises {
  readonly purges: Purge[] = []
  /** Moment at which the log lost something that not everybody has noticed yet; until then positions may mean two things. `null`: nothing. */
  #loss: number | null = null

  /** The log has lost something. */
  lost(now: number): void {
    this.#loss = now
  }

  /** `nodes`: all that live. */
  pass(nodes: readonly Witness[], now: number): void {
    if (this.#loss !== null && nodes.every(({ wellSince }) => now > Math.max(this.#loss ?? 0, wellSince) + NOTICE)) this.#loss = null
  }

  asked(purge: Omit<Purge, 'answered' | 'told' | 'lost' | 'entry' | 'waiting' | 'trimmed'>): Purge {
    const whole: Purge = { ...purge, answered: null, told: false, lost: null, entry: null, waiting: 0, trimmed: false }
    this.purges.push(whole)
    return whole
  }

  /** What a request that comes now to a node may get. */
  floor(node: Witness, key: string, now: number): Floor {
    if (this.#loss !== null) return NONE
    let hard = 0
    let any = 0
    let hardBy: Purge | null = null
    let anyBy: Purge | null = null
    for (const purge of this.purges) {
      const version = purge.versions.get(key)
      if (version === undefined || version <= (purge.soft ? any : hard) || !inForce(purge, node, now)) continue
      if (!purge.soft) {
        hard = version
        hardBy = purge
      }
      if (version > any) {
        any = version
        anyBy = purge
      }
    }
    return { hard, any, hardBy, anyBy }
  }
}

const NONE: Floor = { hard: 0, any: 0, hardBy: null, anyBy: null }

/** Whether a purge has to be in force on a node. */
function inForce(purge: Purge, node: Witness, now: number): boolean {
  if (purge.answered === null) return false
  if (purge.node === node) return true
  const told = toldAt(purge)
  return now > Math.max(told, node.wellSince) + WINDOW + (node.wellSince > told ? NOTICE : 0)
}

/** When its node has told it, at the latest; infinite: nobody may rely on it. */
function toldAt({ answered, told, lost, node }: Purge): number {
  if (answered === null) return Number.POSITIVE_INFINITY
  if (told && lost === null) return answered
  // What the log has not got, or not any more, is with its node alone.
  if (node.dead) return Number.POSITIVE_INFINITY
  return Math.max(answered, lost ?? 0, node.wellSince) + NOTICE
}
