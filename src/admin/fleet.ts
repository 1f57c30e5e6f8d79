/** The nodes that share a Redis, as their operators see them: how far each is, who was told of an invalidation, and what is amiss. */
import type { Counters } from '../counters.ts'
import type { Acknowledgement, FleetDesk, FleetGlance, FleetNode, FleetReceipt, FleetStatus } from '../invalidation/fleet.ts'
import { idOf } from '../invalidation/fleet.ts'
import { LATENCY_BOUNDS, tierLatency } from '../storage/redis-tallies.ts'
import type { AdminParts } from './parts.ts'
import { Problem } from './problem.ts'

/** Positions as Redis has them, so that `XRANGE` takes them. */
export interface NodeShown extends Omit<FleetNode, 'position'> {
  readonly position: string
}

export interface FleetShown extends Omit<FleetStatus, 'position' | 'heard' | 'nodes'> {
  readonly position: string
  /** Milliseconds; `null`: never. */
  readonly heard: number | null
  readonly nodes: readonly NodeShown[]
}

export interface GlanceShown extends Omit<FleetGlance, 'heard'> {
  readonly heard: number | null
}

/** What became of an invalidation beyond this node, with `wait` by node. */
export interface FleetTold {
  readonly state: FleetReceipt['state']
  readonly nodes?: readonly Acknowledgement[]
  /** Names of nodes that have not applied it. */
  readonly missing?: readonly string[]
}

/** Seconds that are waited for the other nodes where nobody says how many: more than a dead one counts among them. */
export const PATIENCE = 10
export const LONGEST_PATIENCE = 300

/** Throws a `Problem` where this node is alone. */
export async function nodes({ fleet }: Pick<AdminParts, 'fleet'>): Promise<FleetShown> {
  if (fleet === null)
    throw new Problem(404, 'not-found', 'this node is alone: it shares no Redis with others', 'start it with --redis redis://host:6379')
  const { position, heard, nodes: all, ...rest } = await fleet.status()
  const shown = all.map((node) => ({ ...node, position: idOf(node.position), heard: Math.round(node.heard) }))
  return { ...rest, position: idOf(position), heard: heardOf(heard), nodes: shown.toSorted(byName) }
}

export function glance(fleet: FleetDesk | null): GlanceShown | null {
  if (fleet === null) return null
  const { heard, ...rest } = fleet.glance()
  return { ...rest, heard: heardOf(heard) }
}

/** What is amiss while this node serves on; nothing, when all is well. */
export function degraded({ fleet }: Pick<AdminParts, 'fleet'>): readonly string[] {
  const now = glance(fleet)
  if (now === null || now.state === 'following') return []
  if (now.state === 'catching-up') return [`this node reads what it has missed of the fleet’s log${missed(now.behind)}`]
  const since = now.heard === null ? 'since the start' : `for ${Math.round(now.heard / 1000)} s`
  const waiting =
    now.queued === 0 ? '' : `; ${counted(now.queued, 'invalidation waits', 'invalidations wait')} to be told to the other nodes`
  return [`Redis cannot be reached ${since}: this node serves from memory and the origin${waiting}`]
}

/** For `/stat`, by names of our own: the fleet as it was last heard of, and how long look-ups in Redis took. */
export function fleetStat(fleet: FleetDesk | null, counters: Counters): Readonly<Record<string, number>> {
  if (fleet === null) return {}
  const { state, behind, queued, nodes: living } = fleet.glance()
  const { counts, count, sum } = tierLatency(counters)
  let within = 0
  const under = LATENCY_BOUNDS.map((bound, index) => {
    within += counts[index] ?? 0
    return [`tier_lookups_within_${bound}ms`, within] as const
  })
  return {
    ...{ fleet_connected: state === 'cut-off' ? 0 : 1, fleet_nodes: living, fleet_behind: behind, fleet_queued: queued },
    ...{ tier_lookups: count, tier_lookups_ms: Math.round(sum), ...Object.fromEntries(under) },
  }
}

/**
 * Whom an invalidation has reached; `undefined` where the node is alone. `wait`: seconds that the other nodes are waited for, `null` for not at
 * all. `objects`: that went here.
 */
export async function toldTo(
  { fleet }: Pick<AdminParts, 'fleet'>,
  receipt: FleetReceipt | undefined,
  wait: number | null,
  objects: number,
): Promise<FleetTold | undefined> {
  if (receipt === undefined || fleet === null) return undefined
  const { state, position } = receipt
  if (wait === null) return { state }
  const { nodes: known } = await fleet.status()
  const self = known.find((node) => node.self)
  const counts = (node: Acknowledgement): Acknowledgement => (node.node === self?.id ? { ...node, objects } : node)
  if (position === null) {
    // Nobody can be asked: those that were last heard of have not been told.
    const here = self === undefined ? [] : [{ node: self.id, name: self.name, objects }]
    return {
      state,
      nodes: here,
      missing: known
        .filter((node) => !node.self)
        .map(({ name }) => name)
        .toSorted(),
    }
  }
  const { nodes: done, missing } = await fleet.applied(position, wait * 1000)
  return { state, nodes: done.map(counts).toSorted(byName), missing: missing.toSorted() }
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function heardOf(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms) : null
}

function missed(entries: number): string {
  return entries === 0 ? '' : `: ${counted(entries, 'entry', 'entries')} more`
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
