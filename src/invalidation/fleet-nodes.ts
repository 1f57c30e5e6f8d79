/** The nodes of a fleet, as each tells of itself: who lives, how far it has read the log, how many objects went by which entry. */
import type { Reply } from '../redis/port.ts'
import { type Acknowledgement, type FleetNode, type FleetPosition, idOf, positionOf } from './fleet.ts'

/** What Redis told when this node told of itself. */
export interface Told {
  /** Whether the last entry that this node has read is in the log: `no` when the log has lost it, `past` when it no longer goes back so far. */
  readonly holds: 'yes' | 'no' | 'past'
  readonly last: FleetPosition
  readonly nodes: readonly NodeRecord[]
}

export interface NodeRecord {
  readonly id: string
  readonly name: string
  readonly position: FleetPosition
  /** Milliseconds since it told of itself. */
  readonly heard: number
  /** Objects that went there, by the position of the entry. */
  readonly objects: ReadonlyMap<FleetPosition, number>
}

/** Counts that a node tells of. */
const COUNTS = 32
const NAME = 200

/** What a node tells of itself. */
export class OwnRecord {
  readonly #name: string
  #counts: (readonly [id: string, objects: number])[] = []

  constructor(name: string) {
    this.#name = name.slice(0, NAME)
  }

  count(position: FleetPosition, objects: number): void {
    this.#counts = [...this.#counts.slice(1 - COUNTS), [idOf(position), objects]]
  }

  text(newest: string): string {
    return JSON.stringify({ name: this.#name, at: newest, went: this.#counts })
  }
}

/** `null`: that is no answer of the script `fleet-beat`. */
export function readTold(reply: Reply): Told | null {
  if (!Array.isArray(reply)) return null
  const [holds, last, now, ...rest] = reply as readonly Reply[]
  if (typeof holds !== 'number' || !Buffer.isBuffer(last) || !Buffer.isBuffer(now)) return null
  const nodes: NodeRecord[] = []
  for (let i = 0; i + 1 < rest.length; i += 2) {
    const node = readNode(String(rest[i]), String(rest[i + 1]), Number(String(now)))
    if (node !== null) nodes.push(node)
  }
  return { holds: holds === 1 ? 'yes' : holds === 0 ? 'no' : 'past', last: positionOf(String(last)), nodes }
}

export function nodesOf({ last, nodes }: Told, self: string, sinceThen: number): readonly FleetNode[] {
  return nodes.map(({ id, name, position, heard }) => ({
    id,
    name,
    self: id === self,
    position,
    behind: behind(position, last),
    heard: heard + sinceThen,
  }))
}

export function acknowledgementsOf(nodes: readonly NodeRecord[], position: FleetPosition): readonly Acknowledgement[] {
  return nodes
    .filter((node) => node.position >= position)
    .map(({ id, name, objects }) => ({ node: id, name, objects: objects.get(position) ?? null }))
}

const NUMBERS: number = 2 ** 32

/** Entries between two positions, as far as they can be told from them. */
export function behind(position: FleetPosition, last: FleetPosition): number {
  if (position >= last) return 0
  return Math.floor(position / NUMBERS) === Math.floor(last / NUMBERS) ? last - position : (last % NUMBERS) + 1
}

function readNode(id: string, text: string, now: number): NodeRecord | null {
  const space = text.indexOf(' ')
  let read: unknown
  try {
    read = JSON.parse(text.slice(space + 1))
  } catch {
    return null
  }
  if (typeof read !== 'object' || read === null) return null
  const { name, at, went } = read as Readonly<Record<string, unknown>>
  if (typeof name !== 'string' || name.length > NAME || typeof at !== 'string' || !Array.isArray(went)) return null
  const objects = new Map<FleetPosition, number>()
  for (const each of went.slice(-COUNTS) as readonly unknown[])
    if (Array.isArray(each) && typeof each[0] === 'string' && typeof each[1] === 'number') objects.set(positionOf(each[0]), each[1])
  return { id, name, position: positionOf(at), heard: Math.max(0, now - Number(text.slice(0, space))), objects }
}
