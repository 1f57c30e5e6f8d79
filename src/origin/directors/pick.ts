/** How each kind of director picks one of the members that can be had. */
import type { Consistent, MemberDirector, Split, Sticky } from '../../../vcl-ts/directors/director.ts'
import { hash32, type KeyBy } from '../../../vcl-ts/directors/key-by.ts'
import { armIndex } from '../../../vcl-ts/directors/split.ts'
import type { DirectorState } from './state.ts'

/** What a pick may ask of its surroundings. */
export interface PickContext {
  key(by: KeyBy): string
  /** Requests under way at a member. */
  load(state: DirectorState, index: number): number
  /** How much of its share a member takes: 1, or less while it comes back. */
  share(state: DirectorState, index: number): number
  /** From 0 to below 1. */
  random(): number
  /** Whether the next pick goes on from this one: a second try takes nobody's turn. */
  readonly counts: boolean
}

/** The number of a member for which `state.usable` holds, or -1. */
export function pick(state: DirectorState, context: PickContext): number {
  const director: MemberDirector = state.director
  switch (director.kind) {
    case 'roundRobin':
      return inTurn(state, context)
    case 'random':
      return weighted(state, (index) => (director.weights[index] ?? 1) * context.share(state, index), context.random())
    case 'leastConnections':
      return leastLoaded(state, director.weights, context)
    case 'fallback':
      return first(state, director.sticky, context.counts)
    case 'hash':
      return weighted(state, (index) => director.weights[index] ?? 1, hash32(context.key(director.by)) / 2 ** 32)
    case 'consistent':
      return onRing(state, director, context)
    case 'sticky':
      return rendezvous(state, director, context.key(director.by))
    case 'byName': {
      const at = director.names?.indexOf(context.key(director.by)) ?? -1
      if (at >= 0) return state.usable[at] === 1 ? at : -1
      const other = director.otherwise === null ? -1 : state.members.indexOf(director.otherwise)
      return other >= 0 && state.usable[other] === 1 ? other : -1
    }
    case 'split':
      return arm(state, director, context.key(director.by))
    default:
      return director satisfies never
  }
}

function inTurn(state: DirectorState, context: PickContext): number {
  const { length } = state.members
  let last = -1
  for (let step = 0; step < length; step++) {
    const index = (state.next + step) % length
    if (state.usable[index] === 0) continue
    const share = context.share(state, index)
    if (share < 1 && context.random() >= share) {
      if (last < 0) last = index
      continue
    }
    last = index
    break
  }
  if (last >= 0 && context.counts) state.next = last + 1
  return last
}

/** `at` from 0 to below 1: a place on the weights of those that can be had, laid end to end. */
function weighted(state: DirectorState, weight: (index: number) => number, at: number): number {
  const { length } = state.members
  let total = 0
  for (let index = 0; index < length; index++) if (state.usable[index] === 1) total += weight(index)
  let left = at * total
  let last = -1
  for (let index = 0; index < length; index++) {
    if (state.usable[index] === 0) continue
    last = index
    left -= weight(index)
    if (left < 0) break
  }
  return last
}

function leastLoaded(state: DirectorState, weights: readonly number[], context: PickContext): number {
  const { length } = state.members
  const from = state.next
  if (context.counts) state.next++
  let best = -1
  let least = Number.POSITIVE_INFINITY
  for (let step = 0; step < length; step++) {
    const index = (from + step) % length
    if (state.usable[index] === 0) continue
    const load = (context.load(state, index) + 1) / ((weights[index] ?? 1) * context.share(state, index))
    if (load >= least) continue
    least = load
    best = index
  }
  return best
}

function first(state: DirectorState, sticky: boolean, counts: boolean): number {
  if (sticky && state.usable[state.current] === 1) return state.current
  const found = state.usable.indexOf(1)
  if (found >= 0 && counts) state.current = found
  return found
}

/** The first on the ring, or the one `alt` places behind it; the next one where it is to be warmed, or the first only just came back. */
function onRing(state: DirectorState, director: Consistent, context: PickContext): number {
  const { alt, warmup } = director
  const found: number[] = []
  state.ring?.walk(context.key(director.by), (owner) => {
    if (state.usable[owner] === 1) found.push(owner)
    return found.length > alt + 1
  })
  const chosen = found[Math.min(alt, found.length - 1)] ?? -1
  const next = alt === 0 ? found[1] : undefined
  if (next === undefined) return chosen
  const share = context.share(state, chosen)
  if (share < 1) return context.random() < share ? chosen : next
  return warmup > 0 && context.random() < warmup ? next : chosen
}

/** The highest of one number for each member and key: a member that goes moves its own keys only, in proportion to the weights. */
function rendezvous(state: DirectorState, { names, weights }: Sticky, key: string): number {
  const given = names?.indexOf(key) ?? -1
  if (given >= 0 && state.usable[given] === 1) return given
  let best = -1
  let highest = 0
  for (let index = 0; index < state.members.length; index++) {
    if (state.usable[index] === 0) continue
    const chance = (hash32(`${state.idents[index] ?? ''} ${key}`) + 0.5) / 2 ** 32
    const score = -(weights[index] ?? 1) / Math.log(chance)
    if (score <= highest) continue
    highest = score
    best = index
  }
  return best
}

/** Where arms answer differently, nobody gets another's. */
function arm(state: DirectorState, director: Split, key: string): number {
  const index = armIndex(director, key)
  if (state.usable[index] === 1) return index
  return director.keyed ? -1 : weighted(state, (at) => director.weights[at] ?? 1, hash32(`arm ${key}`) / 2 ** 32)
}
