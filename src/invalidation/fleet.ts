/** What nodes tell each other of invalidations, and what is known of the fleet. */
export type { FleetEntry } from '../object/fleet-view.ts'

/**
 * A place in the log of the fleet, a Redis Stream whose ids are `<generation>-<number>`: `generation * 2^32 + number`. A generation begins
 * when the log was found to have lost its end (a failover, a flush).
 */
export type FleetPosition = number

const NUMBERS: number = 2 ** 32

export function positionOf(id: string): FleetPosition {
  const dash = id.indexOf('-')
  return Number(id.slice(0, dash)) * NUMBERS + Number(id.slice(dash + 1))
}

export function idOf(position: FleetPosition): string {
  return `${Math.floor(position / NUMBERS)}-${position % NUMBERS}`
}

/** A node as the others see it. */
export interface FleetNode {
  readonly id: string
  /** The name that it was given, `host:pid` by default. */
  readonly name: string
  readonly self: boolean
  /** Up to where it has applied the log. */
  readonly position: FleetPosition
  /** Entries that it is behind. */
  readonly behind: number
  /** Milliseconds since it was last heard of. */
  readonly heard: number
}

/** How the fleet stands, seen from here. */
export interface FleetStatus {
  /** `following`: entries arrive. `catching-up`: it reads what it has missed. `cut-off`: Redis cannot be reached. */
  readonly state: 'following' | 'catching-up' | 'cut-off'
  readonly position: FleetPosition
  /** Milliseconds since the log was last heard of. */
  readonly heard: number
  /** Own entries that are not in the log yet. */
  readonly queued: number
  readonly nodes: readonly FleetNode[]
}

/** How the fleet stood when it was last heard of; nothing is asked for it. */
export interface FleetGlance extends Pick<FleetStatus, 'state' | 'heard' | 'queued'> {
  /** Entries of the log that this node has not applied yet. */
  readonly behind: number
  /** Nodes that live, this one included. */
  readonly nodes: number
}

/** What became of an invalidation beyond this node. */
export interface FleetReceipt {
  /** `told`: it is in the log. `queued`: Redis cannot be reached; it is going to be. */
  readonly state: 'told' | 'queued'
  readonly position: FleetPosition | null
}

/** Who has applied an entry of the log. */
export interface Acknowledgement {
  readonly node: string
  readonly name: string
  /** Objects that went there; `null`: not told. */
  readonly objects: number | null
}

/** The fleet, for whoever operates a node. */
export interface FleetDesk {
  status(): Promise<FleetStatus>
  glance(): FleetGlance
  /** Waits until every live node has applied the entry, or for so many milliseconds. `missing`: names of nodes that have not. */
  applied(
    position: FleetPosition,
    patience: number,
  ): Promise<{ readonly nodes: readonly Acknowledgement[]; readonly missing: readonly string[] }>
}
